"""What PyRadiomics reports beside features (additionalInfo): versions, settings, image and mask, step by step.

Keys, their order and the types of their values are those of PyRadiomics 3.0.1 (generalinfo.GeneralInfo): tuples are
x, y, z (x, y for a flat image), positions and spacings in mm. Values are those of PyRadiomics but for three, which say
what was really used: `Versions_PyRadiomics` is "voxmill" with our version, `Configuration_Settings` and the settings in
`Configuration_EnabledImageTypes` are ours, under our names.
"""

import hashlib
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill._version import __version__
from voxmill.choices import Choice, labelled
from voxmill.execute import find_facts, read_in_tiles
from voxmill.grid import Grid, Window
from voxmill.pyradiomics_parameters import IMAGES
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill.volume import Mask, Source
from voxmill.voxels import Snapshot
from voxmill_kernels.facts import Extremes, Moments

Elements = dict[str, Any]


@dataclass(frozen=True)
class Provenance:
    """What the rows of an extraction share: all that is said before the mask, and the hashes of layers of the mask."""

    shared: Mapping[str, Any]
    hashes: Mapping[tuple[int, ...], str]

    @classmethod
    def of(cls, image: Source, mask: Mask, choices: Iterable[Choice], settings: Settings) -> "Provenance":
        """Found in passes over the whole image and over the layers that regions lie in."""
        shared = {
            **_versions(),
            "Configuration_Settings": settings.model_dump(mode="json"),
            "Configuration_EnabledImageTypes": _image_types(settings),
            "Image-original_Hash": _sha1(read_in_tiles(image)),
            "Image-original_Dimensionality": f"{image.grid.dimensions}D",
            **_image_elements("original", image),
        }
        hashes = {layers: _sha1(_as_uint32(mask, layers)) for layers in {_layers(choice) for choice in choices}}
        return cls(shared, hashes)


def diagnose(provenance: Provenance, mask: Mask, choice: Choice, snapshots: Sequence[Snapshot]) -> Elements:
    """PyRadiomics' `diagnostics_*` of a region that was measured.

    Of a union of labels or a component, which PyRadiomics does not have, the same about that region. The hash of a mask
    is that of the layers that the region lies in, one after the other.
    """
    labels, number = labelled(mask, choice)
    elements = {
        **provenance.shared,
        "Mask-original_Hash": provenance.hashes[_layers(choice)],
        **_mask_elements("original", mask.grid, choice.box, labels == number),
    }
    for snapshot in snapshots:
        elements |= _snapshot_elements(snapshot)
    return {f"diagnostics_{name}": value for name, value in elements.items()}


def _image_types(settings: Settings) -> Elements:
    """The settings of every image type, by PyRadiomics' names."""
    theirs = {ours: name for name, (ours, _) in IMAGES.items()}
    return {theirs[name]: kind.model_dump(mode="json", exclude_unset=True) for name, kind in settings.images.items()}


def _versions() -> Elements:
    import SimpleITK as sitk

    return {
        "Versions_PyRadiomics": f"voxmill {__version__}",
        "Versions_Numpy": np.__version__,
        "Versions_SimpleITK": sitk.Version().VersionString(),
        "Versions_PyWavelet": version("PyWavelets"),
        "Versions_Python": ".".join(map(str, sys.version_info[:3])),
    }


def _snapshot_elements(snapshot: Snapshot) -> Elements:
    name, grid = snapshot.after, snapshot.image.grid
    values = snapshot.values.astype(np.float64)
    return {
        **(_image_elements(name, snapshot.image) if name == "interpolated" else {}),
        **_mask_elements(name, grid, snapshot.window, snapshot.inside),
        f"Mask-{name}_Mean": float(values.mean()),
        f"Mask-{name}_Minimum": float(values.min()),
        f"Mask-{name}_Maximum": float(values.max()),
    }


def _image_elements(name: str, image: Source) -> Elements:
    """Where an image lies, and its intensities over all of its grid."""
    facts = find_facts(image, (Moments, Extremes))
    moments, extremes = facts[Moments], facts[Extremes]
    ends = extremes.lowest + extremes.highest
    return {
        **_lattice(f"Image-{name}", image.grid),
        f"Image-{name}_Mean": moments.mean if math.isfinite(ends) else ends,
        f"Image-{name}_Minimum": extremes.lowest,
        f"Image-{name}_Maximum": extremes.highest,
    }


@stage("prepare")
def _mask_elements(name: str, grid: Grid, window: Window, inside: NDArray[np.bool_]) -> Elements:
    """Where a region lies: True in a window of a grid."""
    from voxmill_kernels.mask.components import components

    flat = grid.dimensions
    center = _center(window, inside)
    return {
        **_lattice(f"Mask-{name}", grid),
        f"Mask-{name}_BoundingBox": (*window.start[::-1][:flat], *window.shape[::-1][:flat]),
        f"Mask-{name}_VoxelNum": int(np.count_nonzero(inside)),
        f"Mask-{name}_VolumeNum": len(components(inside, connectivity=26)),
        f"Mask-{name}_CenterOfMassIndex": center[::-1][:flat],
        f"Mask-{name}_CenterOfMass": tuple(grid.points(center).tolist())[:flat],
    }


def _lattice(name: str, grid: Grid) -> Elements:
    flat = grid.dimensions
    return {f"{name}_Spacing": grid.spacing[:flat], f"{name}_Size": grid.shape[::-1][:flat]}


def _center(window: Window, inside: NDArray[np.bool_]) -> tuple[float, ...]:
    """The mean index z, y, x, a sum of whole numbers divided once."""
    voxels = int(np.count_nonzero(inside))
    along = (np.count_nonzero(inside, axis=others) for others in ((1, 2), (0, 2), (0, 1)))
    return tuple(
        int(counts @ np.arange(start, start + len(counts))) / voxels
        for start, counts in zip(window.start, along, strict=True)
    )


def _layers(choice: Choice) -> tuple[int, ...]:
    return tuple(sorted({segment.layer for segment in choice.segments}))


def _as_uint32(mask: Mask, layers: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """The planes of layers, as PyRadiomics casts a mask."""
    return (plane.astype("<u4") for layer in layers for plane in mask.layers[layer])


@stage("prepare")
def _sha1(boxes: Iterable[NDArray[Any]]) -> str:
    """The SHA-1 of voxels, little-endian and in index order, as SimpleITK's Hash."""
    digest = hashlib.sha1(usedforsecurity=False)
    for box in boxes:
        digest.update(np.ascontiguousarray(box, dtype=box.dtype.newbyteorder("<")).data)
    return digest.hexdigest()
