"""Masks: files and SimpleITK images to Mask, with the names of segments where 3D Slicer or DICOM gives them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voxmill.errors import InputError, SettingsError
from voxmill.io.formats import Readable, is_dicom, read_source
from voxmill.io.names import distinct
from voxmill.io.raster import Raster
from voxmill.segments import DEFAULT_THRESHOLD, Undrawn, left_out_note
from voxmill.volume import Image, Mask, require_same_grid


@dataclass(frozen=True)
class Named:
    """A segment as the metadata of a .seg.nrrd file describes it."""

    layer: int
    label: int
    name: str


def read_mask(
    source: Readable,
    image: Image | None = None,
    *,
    label_channel: int | None = None,
    threshold: float | None = None,
    tolerance: float = 1e-6,
) -> Mask:
    """The mask in a file (NIfTI, NRRD, MetaImage, DICOM SEG or RTSTRUCT; a path) or in a SimpleITK image.

    Of DICOM, it may also be the folder that holds one such file. With `image`, the mask must lie on its grid, to
    `tolerance` of a voxel; that of a SEG is the image's where its planes lie on slices of the image, which allows for
    steps that jitter. An RTSTRUCT is contours, filled on the grid of the image, which it needs. Of a mask with several
    values per voxel, `label_channel` is read (the first unless given); of 3D Slicer's .seg.nrrd and of DICOM with
    several layers, all are, unless it is given. Segments keep the names that such a file gives them; where two have one
    name, the label follows in brackets. A picture in colour that does not say so in its header is taken for a mask with
    several values per voxel. Of a fractional SEG, voxels of at least `threshold` (above 0, up to 1, 0.5 unless given)
    times its maximum are inside.

    Raises InputError, in one sentence, when there is no such channel, when the grids differ, and for everything that
    is not a mask in 2 or 3 dimensions; SettingsError for a threshold that is none, or not of DICOM.
    """
    share = DEFAULT_THRESHOLD if threshold is None else parse_threshold(threshold)
    if threshold is not None and not _is_dicom(source):
        raise SettingsError("threshold is for fractional segmentations of DICOM; leave it out for other masks")
    mask = read_mask_near(source, image, label_channel=label_channel, threshold=share)
    if image is not None:
        require_same_grid(image, mask, tolerance=tolerance)
    return mask


def parse_threshold(threshold: float) -> float:
    """The share of its maximum from which on a fractional segmentation is inside; SettingsError for what is none."""
    if not 0 < threshold <= 1:
        raise SettingsError(f"threshold: it is a share of the maximum, above 0 and up to 1; found {threshold}")
    return threshold


def read_mask_near(
    source: Readable, image: Image | None, *, label_channel: int | None = None, threshold: float = DEFAULT_THRESHOLD
) -> Mask:
    """The same, but for a mask that does not lie on the grid of the image: it is given on its own.

    A threshold has no effect on masks that are not fractional.
    """
    if _is_dicom(source):
        from voxmill.io.dicom.masks import read_dicom_mask

        found = read_dicom_mask(Path(str(source)), image, threshold=threshold)
        return found if label_channel is None else found.layer(label_channel)
    raster = read_source(source, kind="mask", vectors=True)
    named = _named(raster)
    channels = _channels(raster, label_channel, layered=bool(named))
    plain = Mask.of_layers([raster.array[..., channel] for channel in channels], raster.grid, name=raster.name)
    names = {(channels.index(one.layer), one.label): one.name for one in named if one.layer in channels}
    drawn = {(one.layer, one.label) for one in plain.segments}
    undrawn = [Undrawn(key[1], name or None) for key, name in names.items() if key not in drawn]
    left_out = [left_out_note("segments", undrawn)] if undrawn else []
    return plain.named(distinct(names, plain)).renamed(plain.name, notes=left_out, undrawn=undrawn)


def _is_dicom(source: Readable) -> bool:
    return isinstance(source, str | os.PathLike) and is_dicom(Path(source))


def _channels(raster: Raster, wanted: int | None, *, layered: bool) -> list[int]:
    """The channels to read as layers."""
    if wanted is None:
        return list(range(raster.channels)) if layered else [0]
    if not 0 <= wanted < raster.channels:
        last = raster.channels - 1
        raise InputError(
            f"{raster.name}: the mask has no channel {wanted}; it has {raster.channels} "
            f"(label_channel {'0' if last == 0 else f'0 to {last}'})"
        )
    return [wanted]


def _named(raster: Raster) -> list[Named]:
    """The segments that the metadata describe; old files give each a layer of its own and no label, which is 1."""
    pattern = re.compile(r"Segment(\d+)_(?:ID|Name)")
    numbers = sorted({int(match[1]) for key in raster.metadata if (match := pattern.fullmatch(key))})
    return [_segment(raster, number) for number in numbers]


def _segment(raster: Raster, number: int) -> Named:
    key = f"Segment{number}_"
    return Named(
        layer=_number(raster.metadata, f"{key}Layer", number if raster.channels > 1 else 0, raster.name),
        label=_number(raster.metadata, f"{key}LabelValue", 1, raster.name),
        name=raster.metadata.get(f"{key}Name", ""),
    )


def _number(metadata: Mapping[str, str], key: str, default: int, label: str) -> int:
    text = metadata.get(key, str(default)).strip()
    if not text.isdecimal():
        raise InputError(f"{label}: {key} in its header is not a whole number ({text}); save the segmentation again")
    return int(text)
