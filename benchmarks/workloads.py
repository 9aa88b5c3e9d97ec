"""What is measured: images with one region each, made from fixed seeds, so that every peer works on the same voxels.

A workload is one or more cases. It is kept as a folder of plain arrays that any environment with numpy can load.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]

CT: Shape = (300, 512, 512)
TENTH: Shape = (300, 162, 162)
SMALL: Shape = (40, 40, 40)
CT_SPACING: Spacing = (0.8, 0.8, 1.5)
SEMI_AXES = (1.0, 1.15, 0.87)
SIGMAS_MM = (1.0, 2.0, 3.0)
# The standard deviation of trilinear interpolation between independent numbers of deviation 1.
INTERPOLATED = (2 / 3) ** 1.5


@dataclass(frozen=True)
class Case:
    """image and labels (0 and 1): z, y, x. spacing: x, y, z in mm.

    filtered: whether beside the original image its eight wavelet bands (coif1) and LoG at SIGMAS_MM are measured.
    """

    image: NDArray[Any]
    labels: NDArray[np.uint8]
    spacing: Spacing
    filtered: bool = False


@dataclass(frozen=True)
class Workload:
    """A name for the command line, a title for the table, and the cases, all of one shape, spacing and image types."""

    title: str
    cases: Callable[[], Iterator[Case]]


def synthetic(voxels: int, *, seed: int = 0, shape: Shape = CT) -> Case:
    """A CT-like volume of int16: air, and in its middle a box of tissue that holds a region of so many voxels.

    The region is an ellipsoid whose border is moved by coarse and by fine noise. Its interior (white, fine and coarse
    noise) has about 30 grey levels at bin width 25.
    """
    radius = (3 * voxels / (4 * math.pi)) ** (1 / 3)
    half = [min(math.ceil(radius * axis * 1.5) + 3, size // 2) for axis, size in zip(SEMI_AXES, shape, strict=True)]
    box = tuple(slice(size // 2 - h, size // 2 + h) for size, h in zip(shape, half, strict=True))
    generator = np.random.default_rng(seed)
    inside = _region(voxels, radius, half, generator)
    image, labels = np.full(shape, -1000, np.int16), np.zeros(shape, np.uint8)
    image[box], labels[box] = _texture(radius, inside.shape, generator), inside
    return Case(image, labels, CT_SPACING)


def _region(voxels: int, radius: float, half: list[int], generator: np.random.Generator) -> NDArray[np.bool_]:
    """The so many voxels of a box that lie nearest to its middle, by a distance that noise disturbs."""
    axes = [(np.arange(-h, h) + 0.5) / axis for h, axis in zip(half, SEMI_AXES, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    distance = np.sqrt(z * z + y * y + x * x).astype(np.float32)
    distance += np.float32(0.15 * radius) * _noise(distance.shape, radius / 3, generator)
    distance += np.float32(0.7) * _noise(distance.shape, 2.5, generator)
    farthest = np.partition(distance.ravel(), voxels - 1)[voxels - 1]
    inside: NDArray[np.bool_] = distance <= farthest
    return inside


def _texture(radius: float, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.int16]:
    texture = 40 + 30 * generator.standard_normal(shape, dtype=np.float32)
    texture += 48 * _noise(shape, 2.5, generator)
    texture += 60 * _noise(shape, radius / 2, generator)
    return texture.round().astype(np.int16)


def _noise(shape: tuple[int, ...], scale: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of deviation 1: random numbers on a lattice `scale` voxels wide, interpolated linearly."""
    scale = max(scale, 2.0)
    field = generator.standard_normal([math.ceil(size / scale) + 1 for size in shape], dtype=np.float32)
    for axis, size in enumerate(shape):
        position = np.arange(size) / scale
        below = position.astype(np.intp)
        weight = (position - below).astype(np.float32).reshape([-1 if one == axis else 1 for one in range(len(shape))])
        field = field.take(below, axis) * (1 - weight) + field.take(below + 1, axis) * weight
    return field / np.float32(INTERPOLATED)


def _one(voxels: int, shape: Shape = CT) -> Callable[[], Iterator[Case]]:
    return lambda: iter([synthetic(voxels, shape=shape)])


def _many() -> Iterator[Case]:
    return (synthetic(4_000, seed=seed, shape=SMALL) for seed in range(300))


def _reference(name: str) -> Callable[[], Iterator[Case]]:
    return lambda: iter([reference(name)])


def reference(name: str) -> Case:
    """A test case of PyRadiomics, from VOXMILL_REFERENCE_DATA; LookupError where that is not set."""
    import SimpleITK as sitk

    folder = os.environ.get("VOXMILL_REFERENCE_DATA")
    if not folder:
        raise LookupError(f"{name}: VOXMILL_REFERENCE_DATA must name the folder of public reference data")
    image, mask = (sitk.ReadImage(Path(folder, "pyradiomics", f"{name}_{kind}.nrrd")) for kind in ("image", "label"))
    labels = (sitk.GetArrayFromImage(mask) == 1).astype(np.uint8)
    return Case(sitk.GetArrayFromImage(image), labels, image.GetSpacing())


def _filtered(cases: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
    return lambda: (replace(case, filtered=True) for case in cases())


WORKLOADS: Mapping[str, Workload] = {
    "brain1": Workload("brain1, an MR", _reference("brain1")),
    "lung1": Workload("lung1, a CT", _reference("lung1")),
    "1e3": Workload("1,000 voxels in 512×512×300", _one(1_000)),
    "1e4": Workload("10,000 voxels in 512×512×300", _one(10_000)),
    "1e5": Workload("100,000 voxels in 512×512×300", _one(100_000)),
    "1e6": Workload("1,000,000 voxels in 512×512×300", _one(1_000_000)),
    "5e6": Workload("5,000,000 voxels in 512×512×300", _one(5_000_000)),
    "1e5-tenth": Workload("100,000 voxels in a tenth of that", _one(100_000, TENTH)),
    "small": Workload("300 regions of 4,000 voxels in turn", _many),
    "lung1-filtered": Workload("lung1, 12 image types", _filtered(_reference("lung1"))),
    "1e5-filtered": Workload("100,000 voxels in 512×512×300, 12 image types", _filtered(_one(100_000))),
    "1e5-tenth-filtered": Workload(
        "100,000 voxels in a tenth of that, 12 image types", _filtered(_one(100_000, TENTH))
    ),
}


def store(cases: Iterator[Case], folder: Path) -> dict[str, Any]:
    """Keep cases as arrays with a leading axis for the case; returns what a record says of them."""
    every = list(cases)
    folder.mkdir(parents=True, exist_ok=True)
    image, labels = np.stack([case.image for case in every]), np.stack([case.labels for case in every])
    np.save(folder / "image.npy", image)
    np.save(folder / "labels.npy", labels)
    facts = {
        "cases": len(every),
        "shape": image.shape[1:],
        "dtype": str(image.dtype),
        "spacing": every[0].spacing,
        "filtered": every[0].filtered,
        "voxels": int(labels.sum()) // len(every),
        "sha256": hashlib.sha256(image.tobytes() + labels.tobytes()).hexdigest(),
    }
    (folder / "facts.json").write_text(json.dumps(facts))
    return facts


def load(folder: Path) -> Iterator[Case]:
    """The cases of a folder, each in arrays of its own."""
    facts = json.loads((folder / "facts.json").read_text())
    image, labels = np.load(folder / "image.npy", mmap_mode="r"), np.load(folder / "labels.npy", mmap_mode="r")
    for voxels, region in zip(image, labels, strict=True):
        yield Case(np.array(voxels), np.array(region), tuple(facts["spacing"]), facts["filtered"])
