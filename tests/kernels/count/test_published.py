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

from kernel_cases import dense
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.packing import pack
from voxmill_kernels.count.sweep import Matrices, sweep
from voxmill_kernels.facts import boxes
from voxmill_kernels.intensities import distribution, gather
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
    box_of_region, values = gather(image[window], labels[window], 1, box[3])
    levels = discretise(values, distribution(values), bin_edges(values, width=25))
    return pack([(levels, box_of_region[1:-1, 1:-1, 1:-1])])


def matrices(folder: Path, case: str) -> Matrices:
    (counted,) = sweep(batch_of_case(folder, case), directions(1))
    return counted


def published(folder: Path, case: str, family: str) -> NDArray[np.float64]:
    matrix: NDArray[np.float64] = np.load(folder / "pyradiomics" / "baseline" / f"{case}_{family}.npy")
    return matrix


def occurring_sizes(matrix: NDArray[np.integer]) -> NDArray[np.integer]:
    """Without the columns (last axis) that are empty."""
    return matrix[..., matrix.any(axis=tuple(range(matrix.ndim - 1)))]


@cases
def test_glcm(reference_data: Path, case: str) -> None:
    counts = matrices(reference_data, case).glcm
    both_ways = counts + counts.transpose(0, 2, 1)
    ours = both_ways / both_ways.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(np.moveaxis(ours, 0, -1), published(reference_data, case, "glcm"), rtol=0, atol=1e-15)


@cases
def test_glrlm(reference_data: Path, case: str) -> None:
    counts = matrices(reference_data, case).glrlm
    ours = np.moveaxis(occurring_sizes(counts), 0, -1)
    np.testing.assert_array_equal(ours, published(reference_data, case, "glrlm"))


@cases
def test_glszm(reference_data: Path, case: str) -> None:
    batch = batch_of_case(reference_data, case)
    ours = occurring_sizes(dense(matrices(reference_data, case).glszm, *batch.levels)[0])
    np.testing.assert_array_equal(ours, published(reference_data, case, "glszm"))


@cases
def test_gldm(reference_data: Path, case: str) -> None:
    counts = matrices(reference_data, case).gldm
    np.testing.assert_array_equal(occurring_sizes(counts), published(reference_data, case, "gldm"))


@cases
def test_ngtdm(reference_data: Path, case: str) -> None:
    batch = batch_of_case(reference_data, case)
    divided = matrices(reference_data, case).ngtdm[:, 1:] / np.arange(1, 27)
    ours = np.stack([*batch.counts, divided.sum(axis=1), *batch.numbers], axis=1)
    np.testing.assert_allclose(ours, published(reference_data, case, "ngtdm"), rtol=1e-12, atol=0)
