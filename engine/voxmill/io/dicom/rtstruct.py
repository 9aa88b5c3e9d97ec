"""Structure sets of radiotherapy (RTSTRUCT) → Mask: contours filled on the grid of their image.

Source: DICOM PS3.3 A.19, C.8.8.5 and C.8.8.6. How contours are filled stands in filling.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voxmill.errors import InputError, several
from voxmill.io.dicom.contours import DrawnRegion, drawn_regions
from voxmill.io.dicom.filling import Filled, filled
from voxmill.io.dicom.headers import read_header
from voxmill.io.dicom.layers import layers_of
from voxmill.io.names import distinct
from voxmill.segments import MAX_LABEL, Undrawn, left_out_note
from voxmill.volume import Image, Mask


def read_structure_set(path: Path, image: Image | None, *, name: str) -> Mask:
    """The mask in a DICOM RTSTRUCT file, on the grid of its image: labels are ROI numbers, names are ROI names.

    Where numbers are no labels (0, negative, above 65,535) regions are counted from 1 in the order of the file. Regions
    that overlap lie in layers; those in which no voxel's centre lies are left out, with a note.

    Raises InputError, in one sentence, without an image, where all contours lie outside of it, where nothing is drawn,
    and for everything that is no such file.
    """
    if image is None:
        raise InputError.about(name, "a structure set has contours and no voxels; give the image that it was drawn on")
    regions = drawn_regions(read_header(path))
    found = {region.number: filled(region, image.grid, label=path.name) for region in regions}
    drawn = [region for region in regions if _has_voxels(found[region.number])]
    if not drawn:
        raise InputError.about(name, *_why_nothing(list(found.values()), image))
    labels, counted = _labels(regions)
    layers = layers_of(
        ((labels[region.number], found[region.number].patches) for region in drawn),
        image.grid.shape,
        highest=max(labels.values()),
    )
    empty = [region for region in regions if not _has_voxels(found[region.number])]
    left_out = [left_out_note("regions", empty)] if empty else []
    notes = (*counted, *(note for one in found.values() for note in one.notes), *left_out)
    plain = Mask.of_layers(layers.arrays, image.grid, name=name)
    return plain.named(distinct({labels[one.number]: one.name for one in drawn}, plain)).renamed(
        name, notes=notes, undrawn=[Undrawn(labels[one.number], one.name or None) for one in empty]
    )


def _labels(regions: Sequence[DrawnRegion]) -> tuple[Mapping[int, int], tuple[str, ...]]:
    """The label of every region's number, and what is to be said of it."""
    if all(1 <= region.number <= MAX_LABEL for region in regions):
        return {region.number: region.number for region in regions}, ()
    said = f"numbers of regions are no labels (1 to {MAX_LABEL}): regions were counted from 1, in their order"
    return {region.number: label for label, region in enumerate(regions, 1)}, (said,)


def _has_voxels(found: Filled) -> bool:
    return any(patch.inside.any() for patch in found.patches)


def _why_nothing(found: Sequence[Filled], image: Image) -> tuple[str, str, str]:
    """Why no region has a voxel, as InputError.about takes it: names of regions may be a person's."""
    if any(one.is_outside for one in found):
        return (
            "all of its contours lie outside",
            f" of {image.name}, whose grid is {image.grid}",
            "; give the image that it was drawn on",
        )
    notes = [note for one in found for note in one.notes]
    return "nothing is segmented: no voxel's centre lies in a contour", f" ({several(notes)})" if notes else "", ""
