"""Small images and masks whose features take a moment, in memory and as files."""

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

import voxmill as vm

SPACING = (0.75, 1.5, 3.0)
SHAPE = (9, 11, 13)


def texture(shape: tuple[int, ...] = SHAPE, *, seed: int = 7) -> NDArray[np.int16]:
    """Whole numbers from 0 to 249, no two neighbours alike for long."""
    return np.random.default_rng(seed).integers(0, 250, shape).astype(np.int16)


def two_labels(shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    """A ragged region 1 and a region 3 that reaches into its box."""
    labels = (np.random.default_rng(11).random(shape) < 0.8).astype(np.uint8)
    labels[[0, -1]] = 0
    labels[:, :, :2] = 0
    labels[4:, 6:, 7:] *= 3
    return labels


def case(name: str = "scan") -> tuple[vm.Volume, vm.Mask]:
    """An image and a mask with two labels on its grid, 1 (no name) and 3 (node)."""
    image = vm.Volume(texture(), spacing=SPACING, name=name)
    return image, vm.Mask(two_labels(), image.grid, names={3: "node"}, name="labels")


def write_case(folder: Path, name: str = "scan") -> tuple[Path, Path]:
    """The same as files."""
    image, mask = case(name)
    paths = folder / f"{name}.nrrd", folder / f"{name}.seg.nrrd"
    vm.write_image(image, paths[0])
    vm.write_mask(mask, paths[1])
    return paths


def sitk_image(array: NDArray[Any], spacing: tuple[float, ...] = SPACING) -> sitk.Image:
    """An image of SimpleITK."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image
