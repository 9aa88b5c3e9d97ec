"""Segments → what the regions of an extraction are: labels, unions of labels, connected components of either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

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
NOWHERE = Window((0, 0, 0), (1, 1, 1))
"""Stands where the box of a region would, of one that has no voxel: a box has one at least."""


@dataclass(frozen=True)
class Part:
    """Which component of a region: the one with this voxel of its box, where so many neighbours of a voxel count."""

    voxel: Index
    connectivity: int


@dataclass(frozen=True, eq=False)
class Choice:
    """What a region is: its name, the segments that it unites, the component of these if it is one, where it lies.

    label: the number of its only segment, None for a union. refusal: why it cannot be measured, if that is known
    already. notes: what a reader of its row should know.
    """

    name: str
    label: int | None
    segments: tuple[Segment, ...]
    box: Window
    voxels: int
    part: Part | None = None
    notes: tuple[str, ...] = ()
    refusal: str | None = None

    @property
    def extent(self) -> Index | None:
        """The shape of its box; None where it has no voxel, and so no box."""
        return self.box.shape if self.voxels else None


def choices_of(mask: Mask, labels: Labels | None, settings: Settings) -> tuple[Choice, ...]:
    """The regions of a mask: its labels (those of `labels`, or all), then unions, all split where settings say so.

    Where `labels` names unions, only those are taken. A label that is not there or has no voxel is a region that is
    refused; so is a union of one, and one that is called like a segment.
    """
    chosen = (*_single(mask, labels, settings), *_united(mask, labels, settings))
    if settings.components is None:
        return chosen
    return tuple(part for one in chosen for part in ((one,) if one.refusal else _split(mask, one, settings.components)))


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


def _single(mask: Mask, labels: Labels | None, settings: Settings) -> list[Choice]:
    if labels is None:
        return [_drawn(segment) for segment in mask.segments]
    wanted = [one for one in labels if one not in settings.unions]
    return [_choice(one) for one in dict.fromkeys(one for label in wanted for one in _called(mask, label))]


def _called(mask: Mask, label: int | str) -> Sequence[Segment | Undrawn | Absent]:
    """What a mask has of a label: segments, or else those that have no voxel, or else that it is not there."""
    drawn, undrawn = matching(mask.segments, label), matching(mask.undrawn, label)
    return drawn or undrawn or [Absent(str(label), why_absent(mask.segments, mask.undrawn, label))]


def _choice(one: Segment | Undrawn | Absent) -> Choice:
    """A region that somebody asked for, also where it is nowhere."""
    if isinstance(one, Segment):
        return _drawn(one)
    if isinstance(one, Undrawn):
        return _refused(str(one), "it has no voxel in the mask", one.label)
    return _refused(one.text, one.why, label_in(one.text))


def _drawn(segment: Segment) -> Choice:
    return Choice(str(segment), segment.label, (segment,), segment.box, segment.voxels)


def _refused(name: str, refusal: str, label: int | None = None) -> Choice:
    return Choice(name, label, (), NOWHERE, 0, refusal=refusal)


def _united(mask: Mask, labels: Labels | None, settings: Settings) -> list[Choice]:
    named = {name: united for name, united in settings.unions.items() if name in (labels or ())}
    wanted: Mapping[str, Labels] = named or settings.unions
    return [_union(mask, name, united) for name, united in wanted.items()]


def _union(mask: Mask, name: str, labels: Labels) -> Choice:
    if any(segment.name == name for segment in mask.segments):
        return _refused(name, f"unions: {name!r} is the name of a segment too; choose another name for the union")
    for label in labels:
        if not matching(mask.segments, label):
            return _refused(name, f"of its union, {why_absent(mask.segments, mask.undrawn, label)}")
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
def _split(mask: Mask, whole: Choice, wanted: Components) -> tuple[Choice, ...]:
    """The components of a region that are large enough; the region itself, refused, where none is."""
    from voxmill_kernels.mask.components import components

    found = components(_inside(mask, whole.segments, whole.box), connectivity=wanted.connectivity)
    x, y, z = mask.grid.spacing
    fewest = wanted.min_volume_mm3 / (x * y * z) * (1 - ROUNDING)
    kept = [one for one in found if one.voxels >= fewest]
    below = f"smaller than {wanted.min_volume_mm3:g} mm³ (components.min_volume_mm3)"
    if not kept:
        return (replace(whole, refusal=f"all its components ({len(found)}) are {below}"),)
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
