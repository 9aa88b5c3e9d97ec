"""Counts equal the matrices that PyRadiomics publishes for its test cases, default settings.

PyRadiomics leaves out the rows of levels and the columns of sizes that do not occur; so is ours cut here. GLCM comes
as probabilities of the symmetric matrix and NGTDM divided: those are equal to within rounding.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from voxmill_kernels.count.arena import Batch, pack
from voxmill_kernels.count.cells import dense
from voxmill_kernels.count.glcm import count_glcm
from voxmill_kernels.count.gldm import count_gldm
from voxmill_kernels.count.glrlm import count_glrlm
from voxmill_kernels.count.glszm import count_glszm
from voxmill_kernels.count.ngtdm import count_ngtdm
from voxmill_kernels.count.offsets import directions, neighbours
from voxmill_kernels.facts import boxes
from voxmill_kernels.levels import bin_edges, discretise

cases = pytest.mark.parametrize("case", ["brain1", "breast1", "lung1"])


@cache
def batch_of_case(folder: Path, case: str) -> Batch:
    image, labels = (
        sitk.GetArrayFromImage(sitk.ReadImage(folder / "pyradiomics" / f"{case}_{kind}.nrrd"))
        for kind in ("image", "label")
    )
    (box,) = (box for box in boxes(labels.astype(np.uint8)) if box[0] == 1)
    window = tuple(slice(start, stop) for start, stop in zip(box[1], box[2], strict=True))
    inside = np.ascontiguousarray(labels[window] == 1)
    values = image[window][inside]
    return pack([(discretise(values.astype(np.float64), bin_edges(values, width=25)), inside)])


def published(folder: Path, case: str, family: str) -> NDArray[np.float64]:
    matrix: NDArray[np.float64] = np.load(folder / "pyradiomics" / "baseline" / f"{case}_{family}.npy")
    return matrix


def occurring_sizes(matrix: NDArray[np.integer]) -> NDArray[np.integer]:
    """Without the columns (last axis) that are empty."""
    return matrix[..., matrix.any(axis=tuple(range(matrix.ndim - 1)))]


@cases
def test_glcm(reference_data: Path, case: str) -> None:
    (counts,) = count_glcm(batch_of_case(reference_data, case), directions())
    both_ways = counts + counts.transpose(0, 2, 1)
    ours = both_ways / both_ways.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(np.moveaxis(ours, 0, -1), published(reference_data, case, "glcm"), rtol=0, atol=1e-15)


@cases
def test_glrlm(reference_data: Path, case: str) -> None:
    (counts,) = count_glrlm(batch_of_case(reference_data, case), directions())
    ours = np.moveaxis(occurring_sizes(counts), 0, -1)
    np.testing.assert_array_equal(ours, published(reference_data, case, "glrlm"))


@cases
def test_glszm(reference_data: Path, case: str) -> None:
    batch = batch_of_case(reference_data, case)
    (cells,) = count_glszm(batch, directions())
    ours = occurring_sizes(dense(cells, *batch.levels))
    np.testing.assert_array_equal(ours, published(reference_data, case, "glszm"))


@cases
def test_gldm(reference_data: Path, case: str) -> None:
    (counts,) = count_gldm(batch_of_case(reference_data, case), neighbours())
    np.testing.assert_array_equal(occurring_sizes(counts), published(reference_data, case, "gldm"))


@cases
def test_ngtdm(reference_data: Path, case: str) -> None:
    batch = batch_of_case(reference_data, case)
    (ngtdm,) = count_ngtdm(batch, neighbours())
    divided = ngtdm.differences[:, 1:] / np.arange(1, 27)
    ours = np.stack([ngtdm.voxels, divided.sum(axis=1), *batch.numbers], axis=1)
    np.testing.assert_allclose(ours, published(reference_data, case, "ngtdm"), rtol=1e-12, atol=0)
