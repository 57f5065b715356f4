"""Saved state, compared whatever its history: how often it was saved before is in the names of its segments alone."""

from collections.abc import Mapping

from tollwatch.segments import KEPT, Segment


def plain(segments: Mapping[str, Segment]) -> dict[str, bytes]:
    """The segments of a state that was saved whole, without the numbers in their names."""
    made = {name.partition("@")[0]: bytes(segment) for name, segment in segments.items()}
    assert len(made) == len(segments), "it was not saved whole"
    return made


def standing(before: Mapping[str, bytes], saved: Mapping[str, Segment]) -> dict[str, bytes]:
    """The segments of the snapshot that a save makes out of the one before."""
    return {name: before[name] if segment is KEPT else bytes(segment) for name, segment in saved.items()}
