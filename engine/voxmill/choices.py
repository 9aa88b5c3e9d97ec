"""Segments → what the regions of an extraction are: labels, unions of labels, connected components of either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, counted, several
from voxmill.grid import Index, Window
from voxmill.segments import Absent, Segment, Undrawn, is_pattern, label_in, matching, why_absent
from voxmill.settings import Components, Settings
from voxmill.stages import stage
from voxmill.volume import Mask

if TYPE_CHECKING:
    from voxmill_kernels.mask.components import Component

Labels = Sequence[int | str]

ROUNDING = 1e-6
"""How far below the smallest volume, as a share of it, a component may be: spacings are rounded in files."""


@dataclass(frozen=True)
class Part:
    """Which component of a region: the one with this voxel of its box, where so many neighbours of a voxel count."""

    voxel: Index
    connectivity: int


@dataclass(frozen=True, eq=False)
class Choice:
    """What a region is: its name, the segments that it unites, the component of these if it is one, where it lies.

    label: the number of its only segment, None for a union. notes: what a reader of its row should know.
    """

    name: str
    label: int | None
    segments: tuple[Segment, ...]
    box: Window
    voxels: int
    part: Part | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Refused:
    """A region that cannot be measured, and why; label and notes are as for a choice.

    box, voxels: where it lies, and how many it has; None and 0 of one that is nowhere.
    """

    name: str
    label: int | None
    why: str
    box: Window | None = None
    voxels: int = 0
    notes: tuple[str, ...] = ()


Asked: TypeAlias = Choice | Refused
"""A region that was asked for, whether it can be measured or not."""


def choices_of(mask: Mask, labels: Labels | None, settings: Settings) -> tuple[Asked, ...]:
    """The regions of a mask: its labels (those of `labels`, or all), then unions, all split where settings say so.

    Where `labels` names unions, only those are taken. A label that is not there or has no voxel is a region that is
    refused; so is a union of one, and one that is called like a segment.
    """
    chosen = (*_single(mask, labels, settings), *_united(mask, labels, settings))
    if settings.components is None:
        return chosen
    split = (_split(mask, one, settings.components) if isinstance(one, Choice) else (one,) for one in chosen)
    return tuple(part for parts in split for part in parts)


def require_known(mask: Mask, labels: Labels, settings: Settings) -> None:
    """Raise InputError where none of these labels is one of a mask, drawn or not, or a union; it tells of the first."""
    called = [] if any(label in settings.unions for label in labels) else [_called(mask, label) for label in labels]
    absent = [one for found in called for one in found if isinstance(one, Absent)]
    if absent and len(absent) == len(called):
        raise InputError(f"{mask.name}: {absent[0].why}")


def labelled(mask: Mask, choice: Choice) -> tuple[NDArray[np.unsignedinteger], int]:
    """The box of a region in the layer of its mask, or drawn anew, and the number that the region has there."""
    if choice.part is not None:
        return _component(mask, choice, choice.part), 1
    if choice.label is None:
        return _inside(mask, choice.segments, choice.box), 1
    return mask.read(choice.segments[0].layer, choice.box), choice.label


def _single(mask: Mask, labels: Labels | None, settings: Settings) -> Sequence[Asked]:
    if labels is None:
        return [_drawn(segment) for segment in mask.segments]
    wanted = [one for one in labels if one not in settings.unions]
    return [_choice(one) for one in dict.fromkeys(one for label in wanted for one in _called(mask, label))]


def _called(mask: Mask, label: int | str) -> Sequence[Segment | Undrawn | Absent]:
    """What a mask has of a label: segments, or else those that have no voxel, or else that it is not there."""
    drawn, undrawn = matching(mask.segments, label), matching(mask.undrawn, label)
    return drawn or undrawn or [Absent(str(label), why_absent(mask.segments, mask.undrawn, label))]


def _choice(one: Segment | Undrawn | Absent) -> Asked:
    """A region that somebody asked for, also where it is nowhere."""
    if isinstance(one, Segment):
        return _drawn(one)
    if isinstance(one, Undrawn):
        return Refused(str(one), one.label, "it has no voxel in the mask")
    return Refused(one.text, label_in(one.text), one.why)


def _drawn(segment: Segment) -> Choice:
    return Choice(str(segment), segment.label, (segment,), segment.box, segment.voxels)


def _united(mask: Mask, labels: Labels | None, settings: Settings) -> list[Asked]:
    named = {name: united for name, united in settings.unions.items() if name in (labels or ())}
    wanted: Mapping[str, Labels] = named or settings.unions
    return [_union(mask, name, united) for name, united in wanted.items()]


def _union(mask: Mask, name: str, labels: Labels) -> Asked:
    if any(segment.name == name for segment in mask.segments):
        return Refused(name, None, f"unions: {name!r} is the name of a segment too; choose another name for the union")
    for label in labels:
        if not matching(mask.segments, label):
            return Refused(name, None, f"of its union, {why_absent(mask.segments, mask.undrawn, label)}")
    segments = tuple(dict.fromkeys(mask.select(labels)))
    box = reduce(Window.join, (segment.box for segment in segments))
    return Choice(name, None, segments, box, _voxels(mask, segments, box), notes=_union_notes(mask, labels))


def _union_notes(mask: Mask, labels: Labels) -> tuple[str, ...]:
    """A note on segments that a pattern of a union matches, and that have no voxel; none where there are none."""
    empty = dict.fromkeys(one for label in labels if is_pattern(label) for one in matching(mask.undrawn, label))
    return (f"no part of the union, as it has no voxel: {several(list(empty), separator=', ')}",) if empty else ()


@stage("find")
def _voxels(mask: Mask, segments: tuple[Segment, ...], box: Window) -> int:
    """How many voxels there are; where segments of several layers overlap, they count once."""
    if len({segment.layer for segment in segments}) == 1:
        return sum(segment.voxels for segment in segments)
    return int(np.count_nonzero(_inside(mask, segments, box)))


def _inside(mask: Mask, segments: tuple[Segment, ...], box: Window) -> NDArray[np.uint8]:
    """Where in a box any of the segments is: 0 and 1."""
    inside = np.zeros(box.shape, dtype=np.bool_)
    for segment in segments:
        shared = segment.box.intersect(box)
        if shared.size:
            here = inside[shared.within(box).slices]
            here |= mask.read(segment.layer, shared) == segment.label
    return inside.view(np.uint8)


@stage("find")
def _split(mask: Mask, whole: Choice, wanted: Components) -> tuple[Asked, ...]:
    """The components of a region that are large enough; the region itself, refused, where none is."""
    from voxmill_kernels.mask.components import components

    found = components(_inside(mask, whole.segments, whole.box), connectivity=wanted.connectivity)
    x, y, z = mask.grid.spacing
    fewest = wanted.min_volume_mm3 / (x * y * z) * (1 - ROUNDING)
    kept = [one for one in found if one.voxels >= fewest]
    below = f"smaller than {wanted.min_volume_mm3:g} mm³ (components.min_volume_mm3)"
    if not kept:
        why = f"all its components ({len(found)}) are {below}"
        return (Refused(whole.name, whole.label, why, whole.box, whole.voxels, whole.notes),)
    parts = [_part(whole, number, one, wanted.connectivity) for number, one in enumerate(kept, 1)]
    lost = len(found) - len(kept)
    if lost:
        note = f"{counted(lost, 'component')} of {whole.name} left out: {below}"
        parts[0] = replace(parts[0], notes=(*whole.notes, note))
    return tuple(parts)


def _part(whole: Choice, number: int, found: "Component", connectivity: int) -> Choice:
    z, y, x = (at - start for at, start in zip(found.first, found.start, strict=True))
    return replace(
        whole,
        name=f"{whole.name} #{number}",
        box=Window(found.start, found.stop).moved(whole.box.start),
        voxels=found.voxels,
        part=Part((z, y, x), connectivity),
    )


def _component(mask: Mask, choice: Choice, part: Part) -> NDArray[np.uint8]:
    """A component within its own box, in which it is whole."""
    from voxmill_kernels.mask.components import component_at

    inside = _inside(mask, choice.segments, choice.box)
    return component_at(inside, part.voxel, connectivity=part.connectivity)
