"""Volume and Mask to files, through SimpleITK: to a temporary name in the same folder, then renamed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxmill.drafts import draft_of
from voxmill.errors import InputError, OutputError
from voxmill.grid import Grid
from voxmill.io.plain import plain_path
from voxmill.volume import Mask, Volume

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".seg.nrrd", ".nrrd", ".nii.gz", ".nii", ".mha")
NIFTI_HEADER = 352
"""Bytes before the voxels of a NIfTI file as ITK writes it."""
PROBE = 2**16
"""Bytes that are tried after a failure: more than a block of any file system."""
SQUARE = 1e-4
"""The largest cosine between two axes that counts as square: what float32 headers leave of right angles, and more."""


def write_image(volume: Volume, path: str | os.PathLike[str]) -> None:
    """Write an image as NRRD, NIfTI or MetaImage, by the path's suffix.

    Raises InputError for other suffixes and for a sheared grid, OutputError, with the cause, when writing fails.
    """
    _write(volume.array, volume.grid, Path(path), {})


def write_mask(mask: Mask, path: str | os.PathLike[str]) -> None:
    """Write a mask as NRRD, NIfTI or MetaImage, by the path's suffix; as .seg.nrrd with the names of its segments.

    Several layers can only be written as .seg.nrrd. Raises InputError for those, and all that write_image does.
    """
    named = str(path).lower().endswith(".seg.nrrd")
    if len(mask.layers) > 1 and not named:
        raise InputError(
            f"{Path(path).name}: segments that overlap can only be written as .seg.nrrd; change the suffix"
        )
    layers = mask.layers[0] if len(mask.layers) == 1 else np.stack(mask.layers, axis=-1)
    _write(layers, mask.grid, Path(path), _segment_metadata(mask) if named else {})


def _write(array: NDArray[Any], grid: Grid, path: Path, metadata: Mapping[str, str]) -> None:
    suffix = next((one for one in SUFFIXES if path.name.lower().endswith(one)), None)
    if suffix is None:
        raise InputError(f"{path.name}: an image can be written as {', '.join(SUFFIXES)}; change the suffix")
    if grid.shear > SQUARE:
        raise InputError(f"{path.name}: a sheared grid cannot be written ({grid}); resample it first")
    image = image_of(array, grid)
    for key, value in metadata.items():
        image.SetMetaData(key, value.encode(errors="replace").decode())
    with draft_of(path, suffix=suffix, follow=True) as draft:
        draft.touch(exist_ok=False)
        with plain_path(draft, suffix) as plain:
            cause = _save(image, plain)
        if cause is not None or not _is_whole(draft, suffix, array.nbytes):
            _write_on(draft)
            raise OutputError(
                f"{path}: cannot be written, and SimpleITK gives no cause; check the disk and its quota, then try again"
            ) from cause


def _save(image: "sitk.Image", path: Path) -> RuntimeError | None:
    """Write an image; what ITK says when it notices that it could not."""
    import SimpleITK as sitk

    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        return error
    return None


def _is_whole(path: Path, suffix: str, size: int) -> bool:
    """Whether `size` bytes of voxels lie in a file: of NIfTI, ITK does not notice that the disk is full.

    A gzip stream ends with its size (RFC 1952). Of MetaImage, ITK looks itself.
    """
    expected = size + (NIFTI_HEADER if ".nii" in suffix else 0)
    if suffix == ".nii":
        return path.stat().st_size == expected
    if suffix == ".mha" or expected >= 2**32:
        return True
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(file.read(), "little") == expected


def _write_on(path: Path) -> None:
    """Write on without ITK, which does not tell why it could not: OSError tells."""
    with path.open("ab") as file:
        file.write(bytes(PROBE))
        file.flush()
        os.fsync(file.fileno())


def image_of(array: NDArray[Any], grid: Grid) -> "sitk.Image":
    """The SimpleITK image of an array z, y, x (, channel)."""
    import SimpleITK as sitk

    flat = grid.dimensions
    image = sitk.GetImageFromArray(array if flat == 3 else array[0], isVector=array.ndim == 4)
    image.SetSpacing(grid.spacing[:flat])
    image.SetOrigin(grid.origin[:flat])
    image.SetDirection(grid.direction[:flat, :flat].ravel().tolist())
    return image


def _segment_metadata(mask: Mask) -> dict[str, str]:
    """What 3D Slicer reads from a .seg.nrrd; extents are x, y, z, first and last index."""
    metadata = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for number, segment in enumerate(mask.segments):
        ends = zip(segment.box.start[::-1], segment.box.stop[::-1], strict=True)
        fields = {
            "ID": f"Segment_{number + 1}",
            "Name": str(segment),
            "NameAutoGenerated": "0" if segment.name else "1",
            "LabelValue": str(segment.label),
            "Layer": str(segment.layer),
            "Extent": " ".join(f"{start} {stop - 1}" for start, stop in ends),
        }
        metadata |= {f"Segment{number}_{key}": value for key, value in fields.items()}
    return metadata
