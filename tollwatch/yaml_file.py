"""YAML as people write it: bounded before it is built, each key once, every error a sentence."""

from pathlib import Path
from typing import Any

import yaml

from tollwatch.errors import ConfigurationError, InputError

MAX_BYTES = 1 << 20
MAX_NODES = 50_000
MAX_DEPTH = 30
TEXT, NONE, MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "merge"))
WRITTEN = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp", "null", "value")}


def load_yaml(path: Path, *, as_written: bool = False) -> Any:
    """What a YAML file says; with `as_written` words and numbers stay the text that stands there.

    Raises InputError where it cannot be read, ConfigurationError where it is no YAML.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); name a YAML file") from error
    return parse_yaml(data, str(path), as_written=as_written)


def parse_yaml(data: bytes, name: str, *, as_written: bool = False) -> Any:
    """What YAML says; `name` stands before every error. Raises ConfigurationError.

    Keys are always text, as they stand there: `null`, `NO` and `1` are names like others.
    """
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{name}: has {len(data)} bytes, more than {MAX_BYTES}; split it into several files")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name}: is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check(node, name)
            _keep_text(node, as_written=as_written)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{name}: is nested too deeply; {MAX_DEPTH} levels are possible") from error
    except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
        raise ConfigurationError(
            f"{name}: a value cannot be what its form or tag says ({error}); put it in quotation marks"
        ) from error


def _keep_text(node: yaml.Node, *, as_written: bool) -> None:
    """Make text of keys, and, where it is asked for, of words and numbers; an empty value stays none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE and key.style is None:
                key.tag = TEXT
            if not (isinstance(value, yaml.ScalarNode) and value.tag == NONE):
                _keep_text(value, as_written=as_written)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _keep_text(value, as_written=as_written)
    elif as_written and node.tag in WRITTEN:
        node.tag = TEXT


def _check(root: yaml.Node, name: str) -> None:
    """Refuse what would grow when aliases are followed, what contains itself, and keys that stand twice."""
    sizes: dict[int, int] = {}
    open_now: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise ConfigurationError(f"{name}: is nested too deeply; {MAX_DEPTH} levels are possible")
        if id(node) in open_now:
            raise ConfigurationError(f"{name}: an alias stands inside what it names; write it out")
        if id(node) not in sizes:
            open_now.add(id(node))
            sizes[id(node)] = 1 + sum(size(child, depth + 1) for child in _children(node, name))
            open_now.remove(id(node))
        if sizes[id(node)] > MAX_NODES:
            raise ConfigurationError(f"{name}: says more than {MAX_NODES} things, aliases followed; split it up")
        return sizes[id(node)]

    size(root, 0)


def _children(node: yaml.Node, name: str) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    if twice := next((key for key in keys if keys.count(key) > 1 and key != "<<"), None):
        line = node.start_mark.line + 1
        raise ConfigurationError(f"{name}: the key `{twice}` stands twice in what begins in line {line}; keep one")
    return [child for pair in node.value for child in pair]
