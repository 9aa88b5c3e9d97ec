"""Cohorts as files: images, masks, and a table as PyRadiomics' batch command reads it, and `voxmill run` too."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from workloads import Case, Shape, synthetic

COLUMNS = ("ID", "Image", "Mask")
BIN_WIDTH = 25
LARGE: Shape = (220, 250, 200)
BRAIN: Shape = (25, 256, 256)
"""That of brain1, a test case of PyRadiomics, whose region has about so many voxels:"""
BRAIN_VOXELS = 4_000
FILTERED = """\
images:
  original: {}
  wavelet: {}
  log: {sigma_mm: [1, 2, 3]}
  square: {}
  squareroot: {}
  logarithm: {}
  exponential: {}
  gradient: {}
"""
"""Settings with all image types but local binary patterns, which need sigmas and radii of their own."""


@dataclass(frozen=True)
class CohortFiles:
    """The table of a cohort, how many cases it has, and the multiple of the bin width below all their regions."""

    table: Path
    cases: int
    lowest: float


def large(cases: int, voxels: int) -> Iterator[Case]:
    """Cases with a region of so many voxels in a volume that holds two millions and some."""
    return (synthetic(voxels, seed=seed, shape=LARGE) for seed in range(cases))


def small(cases: int) -> Iterator[Case]:
    """Cases of the size of brain1, noise all over the image, which so compresses no better than that."""
    for seed in range(cases):
        case = synthetic(BRAIN_VOXELS, seed=seed, shape=BRAIN)
        noise = np.random.default_rng(seed).normal(0, 10, BRAIN).astype(np.int16)
        yield Case(case.image + noise, case.labels, case.spacing)


def write_cohort(folder: Path, cases: Iterator[Case]) -> CohortFiles:
    """Every case as two NRRD files, and the table of them, in a folder that is made."""
    folder.mkdir()
    rows, lowest = [], 0.0
    for number, case in enumerate(cases):
        paths = [folder.absolute() / f"{number:04}_{kind}.nrrd" for kind in COLUMNS[1:]]
        for path, array in zip(paths, (case.image, case.labels), strict=True):
            _write_image(path, array, case)
        rows.append((f"case-{number:04}", *paths))
        lowest = min(lowest, float(case.image[case.labels > 0].min()))
    _write_table(folder / "cohort.csv", rows)
    return CohortFiles(folder / "cohort.csv", len(rows), lowest // BIN_WIDTH * BIN_WIDTH)


def _write_image(path: Path, array: np.typing.NDArray[np.generic], case: Case) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(case.spacing)
    sitk.WriteImage(image, path, useCompression=True)


def _write_table(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
