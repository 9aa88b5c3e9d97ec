"""SimpleITK resamples an array from grid to grid, and finds spline coefficients; and images to try it with."""

from typing import Any

import numpy as np
import SimpleITK as sitk
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from kernel_cases import read_only
from voxmill.grid import Grid
from voxmill_kernels.types import Array, Floats

INTERPOLATORS = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "cubic": sitk.sitkBSpline}
TYPES = (np.int16, np.uint8, np.float32, np.float64)


def itk_image(array: Array, grid: Grid) -> sitk.Image:
    """An image in which ITK computes with the very numbers of the grid's affine: spacing 1, direction the affine's."""
    rank = grid.dimensions
    image = sitk.GetImageFromArray(array.reshape(array.shape[3 - rank :]))
    image.SetOrigin(grid.origin[:rank])
    image.SetDirection(_axes(grid))
    return image


def resample(image: sitk.Image, target: Grid, method: str, pixel: int) -> Array:
    """What ITK finds at the voxels of a grid, z, y, x."""
    rank = target.dimensions
    resampler = sitk.ResampleImageFilter()
    resampler.SetTransform(sitk.Transform(rank, sitk.sitkIdentity))
    resampler.SetInterpolator(INTERPOLATORS[method])
    resampler.SetSize(target.shape[::-1][:rank])
    resampler.SetOutputOrigin(target.origin[:rank])
    resampler.SetOutputSpacing([1.0] * rank)
    resampler.SetOutputDirection(_axes(target))
    resampler.SetOutputPixelType(pixel)
    return sitk.GetArrayFromImage(resampler.Execute(image)).reshape(target.shape)


def decompose(array: Array) -> Floats:
    """ITK's coefficients of the whole image."""
    return sitk.GetArrayFromImage(sitk.BSplineDecomposition(sitk.GetImageFromArray(array.astype(np.float64))))


def _axes(grid: Grid) -> list[float]:
    return grid.matrix[: grid.dimensions, 2::-1][:, : grid.dimensions].ravel().tolist()


def noise(shape: tuple[int, ...], dtype: DTypeLike, seed: int = 0) -> Array:
    """Values like those of a scan."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 256, shape) if np.dtype(dtype) == np.uint8 else random.normal(0, 300, shape)
    return read_only(values.astype(dtype))


def patches(shape: tuple[int, ...], seed: int) -> Array:
    """Blocks of one value each, with noise in some: where a recursion may not forget where it began."""
    random = np.random.default_rng(seed)
    coarse = random.integers(-30, 30, [-(-n // 23) for n in shape]) * 997
    values = np.kron(coarse, np.ones((23, 23, 23), dtype=np.int64))[tuple(slice(n) for n in shape)]
    return read_only(np.where(values % 3 == 0, values + random.integers(-9, 9, shape), values).astype(np.int16))


@st.composite
def windows(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A start and a stop with one voxel at least between them."""
    starts = [draw(st.integers(0, n - 1)) for n in shape]
    stops = [draw(st.integers(a + 1, n)) for a, n in zip(starts, shape, strict=True)]
    return tuple(starts), tuple(stops)
