"""The labels of a mask → its segments: where each lies, how large it is, what it is called."""

import operator
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, nearest, several
from voxmill.grid import Index, Window
from voxmill.stages import stage

MAX_LABEL = 65_535
PATTERN_SIGNS = "*?["
DEFAULT_THRESHOLD = 0.5
"""The share of its maximum from which on a voxel of a fractional segmentation is inside."""


class LabelBox(NamedTuple):
    """Where a label lies, and how many voxels it has."""

    label: int
    start: Index
    stop: Index
    voxels: int


@dataclass(frozen=True)
class Segment:
    """One label of a mask: its number, its name if it has one, the layer it is in, its box, its size in voxels."""

    label: int
    name: str | None
    layer: int
    box: Window
    voxels: int

    def __str__(self) -> str:
        """The name, or else the number."""
        return self.name or str(self.label)


@dataclass(frozen=True)
class Undrawn:
    """A segment that a file describes, and that has no voxel: its number, its name if it has one."""

    label: int
    name: str | None

    def __str__(self) -> str:
        """The name, or else the number."""
        return self.name or str(self.label)


@dataclass(frozen=True)
class Absent:
    """A label that somebody asked for, and that no segment has: how it was called, and why there is none."""

    text: str
    why: str


Called = TypeVar("Called", Segment, Undrawn)
LEFT_OUT = " without a voxel were left out: "


def matching(segments: Sequence[Called], wanted: int | str) -> list[Called]:
    """The segments of a label, which is a number, a name, or a pattern of names."""
    text = str(wanted)
    numbered = [one for one in segments if str(one.label) == text]
    called = [one for one in segments if one.name == text]
    found = numbered or called if isinstance(wanted, int) else called or numbered
    if found or not is_pattern(wanted):
        return found
    return [one for one in segments if one.name and fnmatchcase(one.name, text)]


def label_in(text: str) -> int | None:
    """The label that a text is the number of; None where it is no number, or none that a mask can hold."""
    is_short = len(text) <= len(str(MAX_LABEL))
    return int(text) if is_short and text.isdecimal() and int(text) <= MAX_LABEL else None


def is_pattern(wanted: int | str) -> bool:
    """Whether a label may be a pattern of names."""
    return any(sign in str(wanted) for sign in PATTERN_SIGNS)


def left_out_note(what: str, undrawn: Sequence[object]) -> str:
    """The note of a mask on those of its segments that have no voxel; `what`: what they are called where it is from."""
    return f"{what}{LEFT_OUT}{several(undrawn, separator=', ')}"


def notes_without(notes: Sequence[str], undrawn: Sequence[Undrawn], asked: Collection[str]) -> tuple[str, ...]:
    """Notes of a mask, in which segments without a voxel are not left out that somebody has asked for, by name."""
    if not asked:
        return tuple(notes)
    rest = [one for one in undrawn if str(one) not in asked]
    return tuple(
        left_out_note(note.partition(LEFT_OUT)[0], rest) if LEFT_OUT in note else note
        for note in notes
        if rest or LEFT_OUT not in note
    )


def why_absent(segments: Sequence[Segment], undrawn: Sequence[Undrawn], wanted: int | str) -> str:
    """Why no segment has a label, which are there, and what may be meant."""
    text = str(wanted)
    if matching(undrawn, wanted):
        return f"label {text} has no voxel in the mask; labels present: {listed(segments)}"
    names = [one.name for one in segments if one.name]
    hint = nearest(text, names).split("; known")[0] if names and not is_pattern(wanted) else ""
    missing = f"label {text} is not in the mask{' (no name matches)' * is_pattern(wanted)}"
    return f"{missing}; labels present: {listed(segments)}{hint}"


def whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """The array as whole numbers, without a copy where it holds them already."""
    if array.dtype.kind != "f":
        return array
    inside = array.min() >= 0 and array.max() <= MAX_LABEL  # False for NaN
    whole = array.astype(np.uint16) if inside else None
    if whole is None or not np.array_equal(whole, array):
        raise InputError(f"{name}: a mask holds whole numbers from 0 to {MAX_LABEL}; found fractions or others")
    return whole


@stage("find")
def boxes_of(labels: NDArray[Any], name: str) -> list[LabelBox]:
    """The boxes of all labels; a negative number, read as unsigned, is higher than its type allows."""
    from voxmill_kernels.facts import boxes

    try:
        found = boxes(unsigned(labels), highest=min(MAX_LABEL, int(np.iinfo(labels.dtype).max)))
    except ValueError:
        raise InputError(
            f"{name}: a mask holds whole numbers from 0 to {MAX_LABEL}; found {labels.min()} to {labels.max()}"
        ) from None
    return [LabelBox(*one) for one in found]


def unsigned(labels: NDArray[Any]) -> NDArray[Any]:
    """The same numbers, read as unsigned."""
    return labels.view(np.dtype(f"u{labels.dtype.itemsize}"))


def segments_of(boxes: list[list[LabelBox]], name: str) -> tuple[Segment, ...]:
    """The segments of all layers, still without names."""
    found = [
        Segment(one.label, None, layer, Window(one.start, one.stop), one.voxels)
        for layer, in_layer in enumerate(boxes)
        for one in in_layer
    ]
    if not found:
        raise InputError.about(
            name, "nothing is segmented: every voxel is 0; give a mask in which the region has a label"
        )
    return tuple(found)


def with_names(segments: tuple[Segment, ...], names: Mapping[Any, str], name: str) -> tuple[Segment, ...]:
    """The segments with their names; each can be told from all others."""
    known = {(segment.layer, segment.label) for segment in segments} | {segment.label for segment in segments}
    texts = {_key(key, name): text for key, text in names.items()}
    for key, text in texts.items():
        if key not in known:
            raise InputError(f"{name}: names: {key} is not in the mask; labels present: {listed(segments)}")
        if not isinstance(text, str):
            raise InputError(f"{name}: names: the name of {key} must be text; found {text!r}")
    called = [replace(one, name=_own_name(one, texts)) for one in segments]
    _refuse_alike(called, name)
    times = Counter(map(str, called))
    return tuple(replace(one, name=layered(one)) if times[str(one)] > 1 else one for one in called)


def _key(key: Any, name: str) -> int | tuple[int, int]:  # noqa: ANN401 (whatever a caller gives)
    """A label, or a pair layer, label, as plain integers."""
    try:
        if not isinstance(key, tuple):
            return operator.index(key)
        layer, label = map(operator.index, key)
        return layer, label
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: names: a key is a label (a whole number) or a pair (layer, label); found {key!r}"
        ) from None


def _own_name(segment: Segment, texts: Mapping[int | tuple[int, int], str]) -> str | None:
    """The name given to a segment; None for none, and for one that is only its number."""
    text = texts.get((segment.layer, segment.label), texts.get(segment.label))
    return text if text and text != str(segment.label) else None


def _refuse_alike(segments: Sequence[Segment], name: str) -> None:
    times = Counter(segment.name for segment in segments)
    labels = {str(segment.label) for segment in segments}
    for segment in segments:
        if segment.name and times[segment.name] > 1:
            raise InputError(f"{name}: names: two segments are called {segment.name!r}; give each a name of its own")
        if segment.name in labels:
            raise InputError(f"{name}: names: {segment.name!r} is the label of another segment; choose another name")


def layered(segment: Segment) -> str:
    """What a segment without a name is called when another layer has its label too."""
    return f"{segment.label} (layer {segment.layer})"


def listed(segments: Sequence[Segment]) -> str:
    """All labels with their names, for messages."""
    return ", ".join(f"{one.label} ({one.name})" if one.name else str(one.label) for one in segments)
