"""Text that others wrote, made safe for where it goes: a terminal, a spreadsheet, a log."""

import re
import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NAMES = r"(?:pass(?:word|wd)?|pwd|secret|token|api_?key|access_?key(?:_?id)?|secret_?key|sas|sig|signature|key)"
_QUERY = re.compile(rf"(?i)(?<=[?&;])((?:[\w.-]*[_.-])?{_NAMES}(?:[_.-]\w+)?)=([^&;#\s'\"`]*)")
_USER_INFO = re.compile(r"(?<=://)([^\s:@/?#'\"`]*):[^\s'\"`]*@(?=[\w\[.-])")
_PAIR = re.compile(r"(?i)\b(password|passwd|secret|token|api_?key)(\s*[=:]\s*)(?!\*)([^\s,;'\"&)]+)")


def printable(text: str) -> str:
    r"""A text with what a terminal would obey, or what turns the direction of reading round, written out.

    >>> printable("a\x1b[31mb\u202ec\nd")
    'a\\x1b[31mb\\u202ec\\nd'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(each) for each in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode() if character.isascii() or ord(character) > 0 else "\\0"


def for_spreadsheet(text: str) -> str:
    """A text that a spreadsheet takes as text: what would be a formula gets an apostrophe before it.

    >>> for_spreadsheet("=HYPERLINK(1)"), for_spreadsheet("447100000001")
    ("'=HYPERLINK(1)", '447100000001')
    """
    return "'" + text if text.startswith(_FORMULA) else text


def without_secrets(text: str) -> str:
    """A text with the passwords and tokens of its URLs taken out, wherever they stand.

    >>> without_secrets("postgresql://me:s@cret@db/rafm?sslmode=on&password=x is away")
    'postgresql://me:***@db/rafm?sslmode=on&password=*** is away'
    >>> without_secrets("s3://bucket/state?secret=abc&region=eu")
    's3://bucket/state?secret=***&region=eu'
    """
    text = _USER_INFO.sub(r"\1:***@", text)
    text = _QUERY.sub(r"\1=***", text)
    return _PAIR.sub(r"\1\2***", text)
