"""DICOM segmentations (SEG) → Mask: binary, fractional and label maps, with overlaps, gaps and what is missing.

Source: DICOM PS3.3 A.51, C.8.20 (segmentation), A.51.5 (label maps, 2024c). Frames are placed and decoded here, and not
by highdicom, which the tests compare with: it refuses planes that jitter, series without FrameOfReferenceUID, and
big-endian files, which are all read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, several
from voxmill.grid import Grid
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.layers import Layers, Patch, layers_of
from voxmill.io.dicom.planes import Placed, on_image, on_own_grid
from voxmill.io.dicom.segment_frames import SegmentFrame, segment_frames
from voxmill.io.dicom.stored_planes import StoredPlanes
from voxmill.io.dicom.tags import items, named, number, optional_number, text
from voxmill.io.names import distinct
from voxmill.segments import Undrawn, left_out_note
from voxmill.volume import Mask

LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"


class Kind(Enum):
    """What a number in a frame means (SegmentationType)."""

    BINARY = "1 is inside of the frame's segment"
    FRACTIONAL = "how much of the voxel, or how probably, is inside of the frame's segment"
    LABELMAP = "the number of the segment that the voxel is in"


@dataclass(frozen=True)
class _Source:
    """A segmentation before its pixels are read: its frames and where they lie."""

    header: Header
    kind: Kind
    stored: StoredPlanes
    frames: tuple[SegmentFrame, ...]
    placed: Placed


def read_segmentation(path: Path, grid: Grid | None = None, *, name: str, threshold: float) -> Mask:
    """The mask in a DICOM SEG file: labels are segment numbers, names are SegmentLabel.

    It lies on `grid`, that of an image, where its planes lie on slices of the image (see planes.on_image), and else on
    the grid of its own planes, where planes that were not stored are empty. Of fractional segmentations, voxels of at
    least `threshold` times MaximumFractionalValue are inside. Segments that overlap lie in layers.
    Segments without a voxel are left out, slices between planes that have none are empty, each with a note.

    Raises InputError, in one sentence, where nothing is segmented, and for everything that is no such file.
    """
    source = _opened(path, grid, name)
    layers = _labels(source) if source.kind is Kind.LABELMAP else _segments(source, _least(source, threshold))
    described = _described(source.header)
    undrawn = [Undrawn(one, described[one] or None) for one in sorted(described) if one and one not in layers.drawn]
    notes = _notes(source, described, undrawn, threshold)
    plain = Mask.of_layers(layers.arrays, source.placed.grid, name=name)
    return plain.named(distinct(described, plain)).renamed(name, notes=notes, undrawn=undrawn)


def _opened(path: Path, grid: Grid | None, name: str) -> _Source:
    header = read_header(path)
    kind = _kind(header)
    stored = StoredPlanes(header)
    frames = segment_frames(header, frames=stored.frames, of_one_segment=kind is not Kind.LABELMAP)
    size = (stored.rows, stored.columns)
    placed = None if grid is None else on_image(frames, size, grid)
    return _Source(header, kind, stored, frames, placed or on_own_grid(frames, size, name=name))


def _kind(header: Header) -> Kind:
    """What the header says, or else what its class and its single bits leave no doubt of."""
    said = text(header.dataset, "SegmentationType").upper()
    if said in Kind.__members__:
        return Kind[said]
    if text(header.dataset, "SOPClassUID") == LABEL_MAP_STORAGE:
        return Kind.LABELMAP
    if not said and optional_number(header.dataset, "BitsAllocated") == 1:
        return Kind.BINARY
    raise InputError.about(
        header.path.name,
        f"{named('SegmentationType')} must be BINARY, FRACTIONAL or LABELMAP",
        f"; found {said or 'none'}",
        "; correct the header",
    )


def _described(header: Header) -> dict[int, str]:
    """The label (in DICOM's sense, a name) of every segment that the header describes, by number."""
    numbered = [(optional_number(one, "SegmentNumber"), one) for one in items(header.dataset, "SegmentSequence")]
    return {int(at): text(one, "SegmentLabel") for at, one in numbered if at is not None}


def _least(source: _Source, threshold: float) -> float:
    """The least number that is inside."""
    if source.kind is Kind.BINARY:
        return 1
    return threshold * number(source.header.dataset, "MaximumFractionalValue", label=source.header.path.name)


def _segments(source: _Source, least: float) -> Layers:
    """The layers of frames that each belong to one segment."""
    of_segment: dict[int, list[int]] = defaultdict(list)
    for index, frame in enumerate(source.frames):
        of_segment[frame.segment or 0].append(index)
    for segment, indices in of_segment.items():
        _refuse_shared(source, indices, f"segment {segment}")
    patches = ((segment, _patches(source, of_segment[segment], least)) for segment in sorted(of_segment))
    return layers_of(patches, source.placed.grid.shape, highest=max(of_segment))


def _patches(source: _Source, indices: Sequence[int], least: float) -> Iterator[Patch]:
    placed = source.placed
    for index in indices:
        inside: NDArray[np.bool_] = source.stored.plane(index) >= least
        yield Patch(placed.slices[index], placed.row, placed.column, inside)


def _labels(source: _Source) -> Layers:
    """The one layer of frames whose numbers are the labels; PixelPaddingValue, where given, is outside as 0 is."""
    _refuse_shared(source, range(len(source.frames)), "the label map")
    placed = source.placed
    layer: NDArray[Any] = np.zeros(placed.grid.shape, dtype=np.uint16 if source.stored.bits == 16 else np.uint8)
    padding = optional_number(source.header.dataset, "PixelPaddingValue")
    drawn: set[int] = set()
    for index, slice_ in enumerate(placed.slices):
        plane = source.stored.plane(index)
        patch = Patch(slice_, placed.row, placed.column, plane != (padding or 0))
        labels = plane[patch.inside]
        patch.of(layer)[patch.inside] = labels
        drawn.update(np.flatnonzero(np.bincount(labels)).tolist())
    return Layers((layer,), frozenset(drawn))


def _refuse_shared(source: _Source, indices: Sequence[int], what: str) -> None:
    """Refuse several frames in one place: times, or a frame stored twice."""
    first: dict[int, int] = {}
    for index in indices:
        other = first.setdefault(source.placed.slices[index], index)
        if other != index:
            raise InputError(
                f"{source.frames[other].label}, and frame {index + 1}, of {what}, lie in one place; it holds several "
                "times or planes twice: save one volume as a segmentation of its own"
            )


def _notes(
    source: _Source, described: Mapping[int, str], undrawn: Sequence[Undrawn], threshold: float
) -> tuple[str, ...]:
    notes = []
    if source.kind is Kind.FRACTIONAL:
        notes.append(f"of a fractional segmentation, voxels of at least {threshold:g} of its maximum are inside")
    if undrawn:
        notes.append(left_out_note("segments", undrawn))
    called = {label: name or str(label) for label, name in described.items()} | {0: "the label map"}
    gaps = [f"{count} of {called.get(label, label)}" for label, count in _gaps(source)]
    if gaps:
        notes.append(f"slices between planes that have none were left empty: {several(gaps)}")
    return tuple(notes)


def _gaps(source: _Source) -> Iterator[tuple[int, int]]:
    """The segments that lack planes between their first and their last one, and how many; 0 for a label map."""
    slices: dict[int, set[int]] = defaultdict(set)
    for frame, slice_ in zip(source.frames, source.placed.slices, strict=True):
        slices[frame.segment or 0].add(slice_)
    for segment, there in sorted(slices.items()):
        missing = max(there) - min(there) + 1 - len(there)
        if missing:
            yield segment, missing
