"""Compile the rules and models of one key space: filters to bits, values to columns, features to cells."""

import hashlib
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import kernel as k
from detectors.engine.expressions import Expressions
from detectors.features import KINDS, Feature
from detectors.rule import Rule
from tollwatch.duration import to_ms
from tollwatch.errors import RuleError
from tollwatch.frames import Ints, KeySpace

MAX_FILTERS = 63
MAX_RING = 2_000
MAX_PANES = 1000


@dataclass(frozen=True)
class ModelFeatures:
    """The features of one model in this key space, read at each row of `stream`, or of those where `when` holds."""

    model: str
    stream: str
    features: dict[str, Feature]
    when: pl.Expr | None = None


@dataclass
class Program:
    """What the kernel needs to know. `spec` has one row per different feature, columns as in `kernel`.

    `horizon_ms` is how long rows are kept for claims and evidence: the longest claimed window and quiet time. Features
    do not need rows, whatever their windows.
    """

    key_space: KeySpace
    rules: list[Rule]
    models: list[ModelFeatures]
    expressions: Expressions
    spec: Ints
    groups: Ints
    need: npt.NDArray[np.uint64]
    first_row: Ints
    columns: dict[Feature, int]
    touch: list[int] = field(default_factory=list)
    model_touch: list[int] = field(default_factory=list)
    logged: int = 0
    horizon_ms: int = 0

    @property
    def feature_width(self) -> int:
        """The most features that a rule has."""
        return max([len(rule.features) for rule in self.rules], default=1)

    def layout(self) -> str:
        """How the cells of a key and the bits of filters lie, in short: state can be read only under the same."""
        lies = (self.spec.tolist(), self.groups.tolist(), list(self.expressions.filters.items()))
        names = [rule.name for rule in self.rules]
        return hashlib.blake2b(repr((lies, names)).encode(), digest_size=16).hexdigest()

    def longest_window_ms(self) -> int:
        """The longest stretch of time that a feature remembers."""
        rings = [int(s[k.RING]) * int(self.groups[s[k.GROUP]]) for s in self.spec if s[k.GROUP] >= 0 and s[k.RING]]
        return max([*rings, int(self.spec[:, k.OVER].max()) if len(self.spec) else 0])


def _stream(feature: Feature, owner: tuple[str, ...], where: str) -> str:
    if feature.of is not None:
        return feature.of
    if len(owner) > 1:
        raise RuleError(f"{where}: reads {', '.join(owner)}; say which one each feature is of")
    return owner[0]


def _pane_ms(feature: Feature, where: str) -> int:
    over = to_ms(feature.over) if feature.over else 0
    panes = 1 if feature.tumbling else feature.panes
    if over <= 0 or panes < 1 or over % panes:
        raise RuleError(f"{where}: a window of {over} ms cannot be cut into {panes} equal panes; choose another number")
    if panes > MAX_PANES:
        raise RuleError(
            f"{where}: {panes} panes are more than {MAX_PANES}; each costs memory for every key, take fewer"
        )
    pane = over // panes
    if to_ms(feature.delayed) % pane:
        raise RuleError(f"{where}: `delayed by` must be whole panes of {pane} ms; choose another number of panes")
    return pane


class _Compiler:
    """Collects filters, values and cells while going through the features."""

    def __init__(self, key_space: KeySpace) -> None:
        self.key_space = key_space
        self.expressions = Expressions(key_space)
        self.columns: dict[Feature, int] = {}
        self.spec: list[list[int]] = []
        self.groups: list[int] = []
        self.small = 0
        self.large: list[int] = []

    def add(self, feature: Feature, owner: tuple[str, ...], where: str) -> tuple[Feature, int]:
        """Compile one feature, or find it compiled; gives it with its stream filled in, and the bit of its filter."""
        stream = _stream(feature, owner, where)
        feature = msgspec.structs.replace(feature, of=stream, by=None)
        bit = self.expressions.filter_bit(stream, feature.where, where)
        if bit > MAX_FILTERS - 1:
            raise RuleError(f"{where}: more than {MAX_FILTERS} different filters by `{self.key_space.name}`")
        if feature not in self.columns:
            self.columns[feature] = len(self.spec)
            self.spec.append(self._row(feature, stream, bit, where))
        return feature, bit

    def _row(self, feature: Feature, stream: str, bit: int, where: str) -> list[int]:
        row, kind = [0] * k.WIDTH, KINDS[feature.kind]
        row[k.KIND], row[k.BIT], row[k.VALUE] = kind.code, bit, self._values(feature, stream, where)
        row[k.OVER] = to_ms(feature.over) if feature.over else 0
        row[k.SLOTS], row[k.TUMBLING] = feature.slots, int(feature.tumbling)
        row[k.SALT] = int(hashlib.blake2b(repr(feature).encode(), digest_size=8).hexdigest(), 16) >> 1
        row[k.SMALL], row[k.LARGE], row[k.GROUP] = self.small, len(self.large), -1
        if kind.has_panes:
            self._window(row, feature, where)
        self.small += kind.count_cells(row[k.RING])
        self.large += kind.first_numbers(row[k.RING], feature.slots)
        return row

    def _window(self, row: list[int], feature: Feature, where: str) -> None:
        pane = _pane_ms(feature, where)
        if feature.delayed and (feature.tumbling or not KINDS[feature.kind].can_be_delayed):
            able = ", ".join(kind.name for kind in KINDS.values() if kind.can_be_delayed)
            raise RuleError(f"{where}: `delayed by` goes with sliding windows of {able} only")
        if pane not in self.groups:
            self.groups.append(pane)
        row[k.GROUP] = self.groups.index(pane)
        row[k.PANES] = 1 if feature.tumbling else feature.panes
        row[k.DELAY] = to_ms(feature.delayed) // pane
        row[k.RING] = row[k.PANES] + row[k.DELAY]
        if row[k.RING] > MAX_RING:
            raise RuleError(
                f"{where}: delayed by {row[k.DELAY]} panes, which costs memory for every key; {MAX_RING} panes are "
                "possible, take larger ones"
            )

    def _values(self, feature: Feature, stream: str, where: str) -> int:
        """Compile what the feature reads; gives the row of the first value, the others follow it."""
        rows = [
            self.expressions.value(stream, value.sql, where, hashed=value.hashed, unique=value.unique)
            for value in KINDS[feature.kind].values(feature)
        ]
        return rows[0] if rows else 0

    def _before(self) -> int:
        return len(self.groups)

    def placed(self) -> Ints:
        """The features' rows, with their places counted from the beginning of a key's cells."""
        spec = np.array(self.spec, np.int64).reshape(-1, k.WIDTH)
        spec[:, k.LARGE] += self._before()
        spec[:, k.SMALL] += 2 * (self._before() + len(self.large))
        return spec

    def first_row(self) -> Ints:
        """The cells of a key that was never seen."""
        cells = [*[k.UNSEEN] * len(self.groups), *self.large, *[0] * ((self.small + 1) // 2)]
        return np.array([*cells, *[0] * (-len(cells) % k.CELLS_AT_ONCE)], np.int64)


def compile_program(key_space: KeySpace, rules: list[Rule], models: list[ModelFeatures]) -> Program:
    """Compile all rules and models of a key space. Raises RuleError where one says what cannot be run."""
    made = _Compiler(key_space)
    resolved: list[Rule] = []
    touch: list[int] = []
    need: dict[Feature, int] = {}
    horizon = 0
    for rule in rules:
        where, features, bits = f"rule `{rule.name}`", {}, 0
        for name, feature in rule.features.items():
            features[name], bit = made.add(feature, rule.streams, f"{where}, feature {name}")
            bits |= 0 if not KINDS[feature.kind].needs_window else 1 << bit
        for feature in features.values():
            need[feature] = need.get(feature, 0) | bits
        touch.append(bits)
        claimed = features[rule.claim]
        horizon = max(horizon, to_ms(rule.quiet_period), to_ms(claimed.over) if claimed.over else 0)
        resolved.append(msgspec.structs.replace(rule, features=features))
    model_touch, kept_models = [], []
    for model in models:
        bit = 1 << made.expressions.filter_bit(model.stream, None, f"model `{model.model}`")
        own = {
            n: made.add(f, (model.stream,), f"model `{model.model}`, feature {n}")[0] for n, f in model.features.items()
        }
        for feature in own.values():
            need[feature] = need.get(feature, 0) | bit
        model_touch.append(bit)
        kept_models.append(ModelFeatures(model.model, model.stream, own, model.when))
    for feature, column in made.columns.items():
        need[feature] |= 1 << made.spec[column][k.BIT]
    logged = 0
    for bits in touch:
        logged |= bits
    return Program(
        key_space=key_space,
        rules=resolved,
        models=kept_models,
        expressions=made.expressions,
        spec=made.placed(),
        groups=np.array(made.groups, np.int64),
        need=np.array([need[f] for f in made.columns], np.uint64),
        first_row=made.first_row(),
        columns=made.columns,
        touch=touch,
        model_touch=model_touch,
        logged=logged,
        horizon_ms=horizon,
    )
