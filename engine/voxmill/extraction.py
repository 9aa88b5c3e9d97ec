"""One case → rows: the features of every region of a mask in an image."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, RegionError, SettingsError
from voxmill.io import read_image, read_mask
from voxmill.settings import Settings, parse_labels
from voxmill.table import Row, Table
from voxmill.volume import Mask, Segment, Volume
from voxmill_kernels.count.arena import pack
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sums import sum_glcm, sum_sizes
from voxmill_kernels.count.sweep import FAMILIES as TEXTURES
from voxmill_kernels.count.sweep import Matrices, sweep
from voxmill_kernels.features.catalogue import FAMILIES
from voxmill_kernels.features.firstorder import first_order
from voxmill_kernels.features.glcm import glcm_features
from voxmill_kernels.features.gldm import gldm_features
from voxmill_kernels.features.glrlm import glrlm_features
from voxmill_kernels.features.glszm import glszm_features
from voxmill_kernels.features.ngtdm import ngtdm_features
from voxmill_kernels.features.shape import shape_features
from voxmill_kernels.features.sizes import size_features
from voxmill_kernels.intensities import Distribution, distribution, gather
from voxmill_kernels.levels import Levels, bin_edges, discretise

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

DEVICES = ("auto", "cpu", "gpu")
MAX_SHEAR = 1e-3
OFFSETS = directions()


def extract(
    image: "Volume | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: Settings | None = None,
    labels: int | str | Iterable[int | str] | None = None,
    device: str = "auto",
) -> Table:
    """The features of every region of a mask: one row each, in the order of the labels.

    `image` and `mask` are a Volume and a Mask, paths, or SimpleITK images. `settings` are PyRadiomics' defaults when
    None. `labels` (numbers or names) choose regions, each once, and go before those of the settings. `device` is auto
    or cpu.

    A region that cannot be measured is a row with an error; the others go on. Raises InputError when image or mask
    cannot be used, SettingsError for settings that make no sense. Safe to call from several threads.
    """
    parse_device(device)
    settings = Settings() if settings is None else settings
    volume = image if isinstance(image, Volume) else read_image(image)
    labelled = mask if isinstance(mask, Mask) else read_mask(mask, label_channel=settings.label_channel)
    _check_grids(volume, labelled, settings.grid_tolerance)
    segments = labelled.select(settings.labels if labels is None else _parse_labels(labels))
    return Table(tuple(_row(volume, labelled, segment, settings) for segment in dict.fromkeys(segments)), settings)


def parse_device(device: str) -> str:
    """The device to compute on; raises SettingsError when there is no such device."""
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; known: {', '.join(DEVICES)}")
    if device == "gpu":
        raise SettingsError("device 'gpu': this version computes on the CPU only; use 'auto' or 'cpu'")
    return device


def _parse_labels(labels: int | str | Iterable[int | str]) -> tuple[int | str, ...]:
    try:
        return parse_labels(labels)
    except ValueError as error:
        raise SettingsError(f"labels: {error}") from None


def _check_grids(image: Volume, mask: Mask, tolerance: float) -> None:
    if image.grid.dimensions != mask.grid.dimensions:
        raise InputError(
            f"{mask.name}: the mask has {mask.grid.dimensions} dimensions, {image.name} has {image.grid.dimensions}; "
            "save both with the same"
        )
    if not image.grid.matches(mask.grid, tolerance=tolerance):
        raise InputError(
            f"{mask.name}: the mask does not lie on the grid of {image.name}; image: {image.grid}; mask: {mask.grid}; "
            "resample the mask to the image first"
        )
    if image.grid.shear > MAX_SHEAR:
        raise InputError(
            f"{image.name}: its axes are not at right angles (cosine {image.grid.shear:.4f}, at most {MAX_SHEAR} is "
            "taken); resample image and mask to a grid with square axes first"
        )


def _row(image: Volume, mask: Mask, segment: Segment, settings: Settings) -> Row:
    diagnostics = {"label": segment.label, "voxels": segment.voxels, "box": list(segment.box.shape)}
    case, name = _text(image.name), _text(str(segment))
    try:
        region = Region.read(image, mask, segment, settings)
        features, notes = _measure(region, settings)
    except RegionError as error:
        return Row(case, name, {}, diagnostics=diagnostics, error=f"region {name}: {error}")
    return Row(case, name, features, notes, diagnostics)


def _text(name: str) -> str:
    """A name that can be written: bytes of a file's name that are no text become question marks."""
    return name.encode(errors="replace").decode()


def _measure(region: "Region", settings: Settings) -> tuple[dict[str, float], tuple[str, ...]]:
    features: dict[str, float] = {}
    notes = []
    for family, wanted in settings.features.items():
        if family == "shape" and region.dimensions == 2:
            notes.append("shape needs three dimensions: left out for a flat image (shape2D is not supported yet)")
            continue
        known = zip(FAMILIES[family], MEASURES[family](region).tolist(), strict=True)
        values = {f"original_{feature.full_name}": value for feature, value in known if feature.name in wanted}
        features.update(values)
        notes += _remarks(family, values)
    return features, tuple(notes)


def _remarks(family: str, values: Mapping[str, float]) -> Iterator[str]:
    undefined = [name.rpartition("_")[2] for name, value in values.items() if math.isnan(value)]
    infinite = [name.rpartition("_")[2] for name, value in values.items() if math.isinf(value)]
    if undefined:
        yield UNDEFINED.get(family, f"{family}: undefined for this region (NaN): {', '.join(undefined)}")
    if infinite:
        yield f"{family}: larger than any number (infinite): {', '.join(infinite)}"


@dataclass(frozen=True)
class Region:
    """What every family starts from: where the region lies in its box, its intensities, its grey levels.

    box: the smallest one around the region within one layer of outside, 0 outside and 1 inside, z, y, x. values:
    (voxels,), in the order of the box and of the image's type. spacing: z, y, x in mm. wanted: the texture matrices
    that are needed (count.sweep).
    """

    box: NDArray[np.int8]
    values: NDArray[Any]
    intensities: Distribution
    levels: Levels
    spacing: tuple[float, float, float]
    dimensions: int
    shift: float
    wanted: int

    @classmethod
    def read(cls, image: Volume, mask: Mask, segment: Segment, settings: Settings) -> "Region":
        """Read the box of a segment; raises RegionError when it cannot be measured."""
        _check_size(segment, settings)
        labels = mask.layers[segment.layer][segment.box.slices]
        box, values = gather(image.read(segment.box), labels, segment.label, segment.voxels)
        broken = values.size - int(np.isfinite(values).sum()) if values.dtype.kind == "f" else 0
        if broken:
            raise RegionError(f"{broken} of its {values.size} voxels are NaN or infinite")
        intensities = distribution(values)
        try:
            edges = bin_edges(values, width=settings.discretise.bin_width, count=settings.discretise.bin_count)
        except ValueError as error:
            raise RegionError(f"{error}; choose a larger bin_width, or a bin_count") from None
        x, y, z = image.grid.spacing
        return cls(
            box,
            values,
            intensities,
            discretise(values, intensities, edges),
            (z, y, x),
            image.grid.dimensions,
            settings.voxel_array_shift,
            sum(TEXTURES[family] for family in settings.features if family in TEXTURES),
        )

    @cached_property
    def matrices(self) -> Matrices:
        """The texture matrices that are needed, counted at their first use."""
        inside = self.box[1:-1, 1:-1, 1:-1]
        try:
            (matrices,) = sweep(pack([(self.levels, inside)]), OFFSETS, wanted=self.wanted)
        except ValueError as error:
            raise RegionError(f"{error}; choose a larger bin_width, or a smaller bin_count") from None
        return matrices

    @property
    def voxel_volume(self) -> float:
        """The volume of a voxel in mm³."""
        z, y, x = self.spacing
        return x * y * z


def _check_size(segment: Segment, settings: Settings) -> None:
    long_sides = sum(size > 1 for size in segment.box.shape)
    if segment.voxels < settings.min_region_voxels:
        raise RegionError(
            f"{segment.voxels} voxel{'s' * (segment.voxels != 1)}, "
            f"at least {settings.min_region_voxels} are needed (min_region_voxels)"
        )
    if long_sides < settings.min_region_dimensions:
        raise RegionError(
            f"longer than one voxel along {long_sides} axes only, "
            f"at least {settings.min_region_dimensions} are needed (min_region_dimensions)"
        )


def _shape(region: Region) -> NDArray[np.float64]:
    return shape_features(region.box, region.spacing)


def _first_order(region: Region) -> NDArray[np.float64]:
    return first_order(region.intensities, region.levels.counts, voxel_volume=region.voxel_volume, shift=region.shift)


def _glcm(region: Region) -> NDArray[np.float64]:
    matrix, numbers = region.matrices.glcm, region.levels.numbers
    return glcm_features(sum_glcm(matrix, numbers), matrix, numbers)


def _gldm(region: Region) -> NDArray[np.float64]:
    return gldm_features(_sizes(cells_of(region.matrices.gldm), region))


def _glrlm(region: Region) -> NDArray[np.float64]:
    cells, numbers = cells_of(region.matrices.glrlm), region.levels.numbers
    sums = sum_sizes(cells, numbers)
    return glrlm_features(size_features(cells, sums, numbers), sums.total)


def _glszm(region: Region) -> NDArray[np.float64]:
    return glszm_features(_sizes(region.matrices.glszm, region))


def _ngtdm(region: Region) -> NDArray[np.float64]:
    return ngtdm_features(region.matrices.ngtdm, region.levels.counts, region.levels.numbers)


def _sizes(cells: Cells, region: Region) -> NDArray[np.float64]:
    return size_features(cells, sum_sizes(cells, region.levels.numbers), region.levels.numbers)


MEASURES: Mapping[str, Callable[[Region], NDArray[np.float64]]] = {
    "shape": _shape,
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
UNDEFINED: Mapping[str, str] = {
    "glcm": "glcm: undefined for this region (NaN): no two of its voxels are neighbours",
    "glrlm": "glrlm: undefined for this region (NaN): no two of its voxels lie in a line",
}
