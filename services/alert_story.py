"""Why an alert is there: a plain sentence, its features beside thresholds, and what would have silenced it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from detectors import every_detector, every_model
from detectors.fraud_types import fraud_type
from detectors.language import Detector
from detectors.rule import Rule
from services.wording import Comparison, comparisons, figure, holds, noun, span

DOUBLINGS = 12
"""A threshold is moved by at most this many doublings in search of the one at which the alert stays silent."""
STEPS = 40


class FeatureRow(NamedTuple):
    """One feature: what it came to, what it was held against, and whether that is why."""

    name: str
    counts: str
    over: str
    where: str
    value: str
    limit: str
    holds: bool | None


class Silence(NamedTuple):
    """The threshold nearest to its present value at which the alert would not be there."""

    threshold: str
    now: str
    silent_at: str
    word: str


class Story(NamedTuple):
    """What an alert says, for people."""

    title: str
    sentence: str
    features: list[FeatureRow]
    silence: Silence | None
    looks_for: str
    runbook: str
    tag: str | None


def story_of(document: Mapping[str, Any], rules: Sequence[Rule]) -> Story:
    """The story of an alert's document, by the rule that made it (or, where that is gone, by its condition alone)."""
    name = document["detector"]
    rule = next((rule for rule in rules if rule.name == name), None)
    kind = _kind(name)
    found = comparisons(document["condition"], document["features"])
    looks_for = _looks_for(kind) if kind is not None else ""
    return Story(
        title=fraud_type(kind.fraud_type).title if kind is not None else name.replace("_", " ").replace("-", " "),
        sentence=_sentence(document, found, rule, looks_for),
        features=_features(document, found, rule),
        silence=_silence(document, kind, found),
        looks_for=looks_for,
        runbook=" ".join(kind.runbook.split()) if kind is not None else "",
        tag=fraud_type(kind.fraud_type).machine_tag if kind is not None else None,
    )


def _kind(name: str) -> Any:
    return next((kind for kind in (*every_detector(), *every_model()) if kind.name() == name), None)


def _looks_for(kind: type[Detector]) -> str:
    """The first sentence of what is written about a detector.

    >>> _looks_for(_kind("wangiri"))
    'one caller drops calls to many different numbers'
    """
    first = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).removeprefix("Alert when ").rstrip(".")
    return first.partition(" within `")[0].replace("`", "").rstrip(", ")


def _sentence(document: Mapping[str, Any], found: list[Comparison], rule: Rule | None, looks_for: str) -> str:
    """What held, each with its number and from when on it alerts."""
    if document.get("score") is not None:
        text = f"The model gives this a score of {document['score']:.3f}; alerts when {document['condition']}"
        return text + (f" ({looks_for})." if looks_for else ".")
    held = [each for each in found if each.holds and each.value is not None and each.limit is not None]
    told = [each for each in held if _plain(each, document)] or held
    parts = {each.feature: _part(each, document, rule) for each in reversed(told)}
    what = "; ".join(reversed(parts.values())) or f"{document['condition']} held"
    for name, value in document["thresholds"].items():
        looks_for = re.sub(rf"\b{re.escape(name)}\b", str(value), looks_for)
    return f"{looks_for[:1].upper()}{looks_for[1:]}: {what}." if looks_for else f"{what[:1].upper()}{what[1:]}."


def _part(each: Comparison, document: Mapping[str, Any], rule: Rule | None) -> str:
    feature = rule.features.get(each.feature) if rule is not None else None
    value, currency = document["features"][each.feature], document.get("currency")
    within = f" within {span(feature.over)}" if feature is not None and feature.over is not None else ""
    said = f"{figure(each.feature, value, currency)} {noun(each.feature, feature)}{within}"
    if not _plain(each, document):
        return f"{said} ({each.text.replace('_', ' ')})"
    words = {"from": "alerts from", "above": "alerts above", "up to": "at most", "below": "below"}[each.words]
    return f"{said}; {words} {figure(each.feature, each.limit, currency)}"


def _plain(each: Comparison, document: Mapping[str, Any]) -> bool:
    return _bare(each, each.feature) and each.value == document["features"][each.feature]


def _features(document: Mapping[str, Any], found: list[Comparison], rule: Rule | None) -> list[FeatureRow]:
    rows = []
    currency = document.get("currency")
    for name, value in document["features"].items():
        feature = rule.features.get(name) if rule is not None else None
        own = next((each for each in found if each.feature == name), None)
        limit = f"{own.words} {figure(name, own.limit, currency)}" if own is not None and _bare(own, name) else ""
        rows.append(
            FeatureRow(
                name=name,
                counts=noun(name, feature),
                over=span(feature.over) if feature is not None else "",
                where=(feature.where or "") if feature is not None else "",
                value=figure(name, value, currency),
                limit=limit or (own.text if own is not None else ""),
                holds=own.holds if own is not None else None,
            )
        )
    return rows


def _bare(own: Comparison, name: str) -> bool:
    return own.text.split()[0].strip('"') == name and own.limit is not None


def _silence(document: Mapping[str, Any], kind: Any, found: list[Comparison]) -> Silence | None:
    """The nearest threshold: of a detector of the package by trying, of an analyst's rule by its comparisons."""
    if kind is None or document.get("score") is not None:
        return _nearest_comparison(document, found)
    tried = [
        (change, Silence(name, figure(name, now), figure(name, at), "above" if at > now else "below"))
        for name, now in document["thresholds"].items()
        if isinstance(now, int | float) and now and name in kind.__struct_fields__
        for change, at in _silent_at(document, kind, name, now)
    ]
    return min(tried, key=lambda pair: pair[0])[1] if tried else None


def _fires(document: Mapping[str, Any], kind: Any, name: str, value: float) -> bool:
    """Whether the detector alerts on these features with another threshold."""
    own = {n: v for n, v in document["thresholds"].items() if n in kind.__struct_fields__ and n != name}
    whole = isinstance(document["thresholds"][name], int)
    try:
        detector = msgspec.convert(own | {name: round(value) if whole else value}, kind, strict=False)
        conditions = detector.conditions()
    except (msgspec.ValidationError, ValueError, ArithmeticError):
        return True
    first = conditions.get("warning") or conditions.get("critical")  # who raises one raises the other with it
    return holds(first, document["features"])


def _silent_at(document: Mapping[str, Any], kind: Any, name: str, now: float) -> list[tuple[float, float]]:
    """(How far off, value) at which a threshold silences the alert, above and below, found by halving."""
    found: list[tuple[float, float]] = []
    if not _fires(document, kind, name, now):
        return found
    for factor in (2.0, 0.5):
        fires, silent = now, now
        for _ in range(DOUBLINGS):
            silent *= factor
            if not _fires(document, kind, name, silent):
                break
            fires = silent
        else:
            continue
        for _ in range(STEPS):
            middle = (fires + silent) / 2
            if _fires(document, kind, name, middle):
                fires = middle
            else:
                silent = middle
        at = round(silent) if isinstance(now, int) else silent
        found.append((abs(at - now) / abs(now), at))
    return found


def _nearest_comparison(document: Mapping[str, Any], found: list[Comparison]) -> Silence | None:
    """Where every comparison must hold, the one that holds most narrowly."""
    if " or " in document["condition"].lower():
        return None
    near = [
        (abs(each.value - each.limit) / max(abs(each.limit), 1e-9), each)
        for each in found
        if each.holds and each.value is not None and each.limit is not None and _bare(each, each.feature)
    ]
    if not near:
        return None
    _, own = min(near, key=lambda pair: pair[0])
    word = "above" if own.words in ("from", "above") else "below"
    return Silence(own.text, figure(own.feature, own.limit), figure(own.feature, own.value), word)
