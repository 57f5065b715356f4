"""Help while a rule is typed: what is wrong, at the word, and what may follow at the cursor."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from detectors.features import KINDS
from detectors.rules_file import KEYS
from services.rule_drafts import rule_of_text
from services.rules import check_runnable
from tollwatch.columns import schema
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, RuleError
from tollwatch.events import STREAMS

MOST = 12
MOST_CHARACTERS = 50_000
_QUOTED = re.compile(r"`([^`\n]{1,200})`")
_YAML_PLACE = re.compile(r"line (\d+), column (\d+)")
_READS = re.compile(r"^\s*(?:-\s*)?reads:\s*(.+)$", re.MULTILINE)
_DEFINED = re.compile(r"^\s{2,}(\w+):\s*\w+\(", re.MULTILINE)


class Fault(NamedTuple):
    """What is wrong: the sentence, the line and column (from 1) where the word stands, and the word."""

    sentence: str
    line: int
    column: int
    word: str


def faults(text: str, settings: Settings | None = None, running: Sequence[Path] = ()) -> list[Fault]:
    """The first thing that is wrong with a rule; none where it can run.

    With `settings` it must be able to join the line that runs with the rules files `running`.
    """
    if len(text) > MOST_CHARACTERS:
        return [Fault(f"the rule has {len(text):,} characters, more than {MOST_CHARACTERS:,}", 1, 1, "")]
    try:
        rule = rule_of_text(text)
        if settings is not None:
            check_runnable([rule], settings, running)
    except (RuleError, ConfigurationError) as error:
        return [_placed(str(error), text)]
    return []


def _placed(sentence: str, text: str) -> Fault:
    r"""Find the word that a sentence speaks of.

    >>> _placed("rule, reads: unknown stream `usge`; did you mean `usage`?", "name: x\nreads: usge\n")[1:]
    (2, 8, 'usge')
    """
    if place := _YAML_PLACE.search(sentence):
        return Fault(sentence, int(place.group(1)), int(place.group(2)), "")
    for word in _QUOTED.findall(sentence):
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
        is_name = re.search(rf"^\s*(?:- )?name:\s*{re.escape(word)}\s*$", text, re.MULTILINE)
        if found is not None and not is_name:
            line = text.count("\n", 0, found.start()) + 1
            return Fault(sentence, line, found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1, word)
    return Fault(sentence, 1, 1, "")


def complete(text: str, cursor: int) -> list[str]:
    r"""The words that may stand at the cursor, those that begin as what is typed.

    >>> complete("name: x\nreads: us", 17)
    ['usage']
    >>> complete("reads: usage\nby: calling_n", 27)
    ['calling_number']
    """
    before = text[: max(0, min(cursor, len(text)))]
    line = before[before.rfind("\n") + 1 :]
    typed = re.search(r"[\w-]*$", line)
    begun = typed.group() if typed is not None else ""
    found = [word for word in _possible(line, text) if word.startswith(begun) and word != begun]
    return found[:MOST] if begun or line.rstrip().endswith((":", "(", "where", "and", "or")) else []


def _possible(line: str, text: str) -> list[str]:
    key = line.strip().removeprefix("- ").partition(":")[0] if ":" in line else ""
    if not key and not line.startswith("  "):
        return [f"{name}:" for name in KEYS]
    if key == "reads":
        return list(STREAMS)
    reads = [word for word in re.findall(r"\w+", " ".join(_READS.findall(text))) if word in STREAMS] or ["usage"]
    columns = sorted({column for stream in reads for column in schema(stream)})
    if key == "by":
        return columns
    if key in ("warning", "critical", "amount", "claim"):
        return _DEFINED.findall(text)
    if re.search(r":\s*\w*$", line):
        return [f"{kind}(" for kind in KINDS]
    return [*columns, "over", "where", "delayed", "tumbling", "and", "or", "is", "null", "not"]
