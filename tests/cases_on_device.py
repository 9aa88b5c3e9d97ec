"""Extractions on a device, for its tests: cases, settings, devices that tell what was asked of them, rows compared."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import voxmill as vm
from cuda_host import FullError, HostArray, HostDevice
from small_images import SPACING, texture
from voxmill.cases import open_case
from voxmill.regions import Region
from voxmill.textures import COMBINER, Task
from voxmill.voxels import place_of, voxels_of
from voxmill_kernels.device import Device
from voxmill_kernels.types import Array

Case = tuple[vm.Volume, vm.Mask]
PATIENCE_S = 60.0
EVERYTHING: Mapping[str, Any] = {
    "images": {"original": {}, "log": {"sigma_mm": [1.0, 2.0]}, "wavelet": {}},
    "resample": {"spacing_mm": [1.0, 1.0, 2.0], "interpolator": "bspline"},
    "diagnostics": True,
}
FINE: Mapping[str, Any] = {**EVERYTHING, "resample": {"spacing_mm": [1, 1, 1], "interpolator": "bspline"}}
WAVELET: Mapping[str, Any] = {"images": {"original": {}, "wavelet": {}}}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "more images": {"images": {one: {} for one in ("original", "square", "squareroot", "gradient", "lbp2d", "lbp3d")}},
    "weighted": {"weighting": "euclidean", "features": {"glcm": "all", "glrlm": "all"}},
    "one way": {"glcm_symmetric": False, "distances": [1, 2], "gldm_alpha": 1},
    "in slices": {"slice_axis": "z", "discretise": {"bin_count": 16}, "resegment": {"range": [-1, 2], "mode": "sigma"}},
    "resegmented": {"resegment": {"range": [20, 200], "mode": "absolute"}, "crop": {"margin_voxels": 2}},
    "normalised": {"normalise": {"scale": 100, "outliers": 3}, "images": {"original": {}, "wavelet": {}}},
    "few": {"features": {"glcm": ["Contrast"], "firstorder": ["Mean"]}},
    "no textures": {"features": {"shape": "all", "firstorder": "all"}},
}


def assert_same_rows(found: vm.Table, expected: vm.Table, *notes: str) -> None:
    """Rows are equal, values to the last bit, but for notes that each has at its end."""
    assert len(found.rows) == len(expected.rows) > 0
    for row, other in zip(found.rows, expected.rows, strict=True):
        assert row.notes == (*other.notes, *notes)
        assert list(row.features) == list(other.features)
        values, others = (np.array([*one.features.values()]).tobytes() for one in (row, other))
        assert values == others
        assert replace(row, notes=(), features={}) == replace(other, notes=(), features={})


def twelve() -> Case:
    """An image with twelve regions, some of which touch."""
    labels = np.zeros((9, 12, 16), dtype=np.uint8)
    for number, (z, y, x) in enumerate(np.ndindex(2, 2, 3), start=1):
        labels[1 + 4 * z : 4 + 4 * z, 1 + 5 * y : 6 + 5 * y, 5 * x : 5 * x + 3 + number % 3] = number
    image = vm.Volume(texture(labels.shape), spacing=SPACING)
    return image, vm.Mask(labels, image.grid)


def tasks_of(device: Device, settings: vm.Settings) -> list[Task]:
    """What is to be counted of the twelve regions."""
    opened, choices = open_case(*twelve(), settings)
    places = (place_of(opened.image, opened.mask, choice, settings) for choice in choices)
    own = settings.of_image("original").within(3)
    boxes = ((place, device.upload(place.source.read(place.window))) for place in places)
    return [Region.of(voxels_of(place, box, settings), own).task for place, box in boxes]


class LostError(RuntimeError):
    """As CuPy's CUDARuntimeError."""


@dataclass(frozen=True)
class Watched(HostDevice):
    """Notes all that is asked of it. It fails from the call number `until` on, with `error`, for good where `lost`."""

    error: Exception = field(default_factory=FullError)
    until: int | None = None
    lost: bool = False
    calls: list[str] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    uploaded: list[Array] = field(default_factory=list)

    def called(self, name: str) -> None:
        self.calls.append(name)
        if self.until is not None and (
            len(self.calls) == self.until + 1 or (self.lost and len(self.calls) > self.until)
        ):
            raise self.error

    def upload(self, array: Array) -> HostArray:
        self.called("upload")
        self.taken.append(array.nbytes)
        self.uploaded.append(array)
        return super().upload(array)

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        self.called("zeros")
        made = super().zeros(shape, dtype)
        self.taken.append(made.nbytes)
        return made

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        self.called(kernel)
        super().launch(kernel, blocks, arguments, shared=shared)

    def download(self, buffer: HostArray) -> Array:
        self.called("download")
        return super().download(buffer)

    def release(self) -> None:
        if self.lost:
            raise self.error
        self.released.append(len(self.calls))


@dataclass(frozen=True)
class Crowded(Watched):
    """Begins to count when so many threads want that."""

    crowd: int = 1

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        end = time.monotonic() + PATIENCE_S
        while "begin_zones8" not in self.calls and COMBINER.asking < self.crowd and kernel.startswith("sweep"):
            assert time.monotonic() < end
            time.sleep(0.001)
        super().launch(kernel, blocks, arguments, shared=shared)
