"""Masks: files and SimpleITK images to Mask, with the names of segments where 3D Slicer wrote them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from voxmill.errors import InputError
from voxmill.io.formats import Readable, read_source
from voxmill.io.raster import Raster
from voxmill.volume import Mask, Volume, require_same_grid


@dataclass(frozen=True)
class Named:
    """A segment as the metadata of a .seg.nrrd file describes it."""

    layer: int
    label: int
    name: str


def read_mask(
    source: Readable, image: Volume | None = None, *, label_channel: int | None = None, tolerance: float = 1e-6
) -> Mask:
    """The mask in a file (NIfTI, NRRD, MetaImage; a path) or in a SimpleITK image.

    With `image`, the mask must lie on its grid, to `tolerance` of a voxel. Of a mask with several values per voxel,
    `label_channel` is read (the first unless given); of 3D Slicer's .seg.nrrd with several layers, all are, unless it
    is given. Segments keep the names that such a file gives them; where two have one name, the label follows in
    brackets. A picture in colour that does not say so in its header is taken for a mask with several values per voxel.

    Raises InputError, in one sentence, when there is no such channel, when the grids differ, and for everything that
    is not a mask in 2 or 3 dimensions.
    """
    raster = read_source(source, kind="mask", vectors=True)
    named = _named(raster)
    channels = _channels(raster, label_channel, layered=bool(named))
    plain = Mask.of_layers([raster.array[..., channel] for channel in channels], raster.grid, name=raster.name)
    if image is not None:
        require_same_grid(image, plain, tolerance=tolerance)
    names = {(channels.index(one.layer), one.label): one.name for one in named if one.layer in channels}
    return plain.named(_distinct(names, plain))


def _distinct(names: Mapping[tuple[int, int], str], mask: Mask) -> dict[tuple[int, int], str]:
    """The names of the segments that were drawn, with label and layer in brackets where a name says too little."""
    keys = [(one.layer, one.label) for one in mask.segments]
    given = {key: names[key] for key in keys if names.get(key, "") not in ("", str(key[1]))}
    labelled = {key: f"{name} ({key[1]})" for key, name in given.items()}
    layered = {key: f"{name} ({key[1]}, layer {key[0]})" for key, name in given.items()}
    taken = Counter([*given.values(), *{str(label) for _, label in keys}])
    twice = Counter(labelled.values())
    return {
        key: name if taken[name] == 1 else labelled[key] if twice[labelled[key]] == 1 else layered[key]
        for key, name in given.items()
    }


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
