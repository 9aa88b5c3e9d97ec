"""Small cohorts of loose files, and what a run makes of them."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import SimpleITK as sitk

import voxmill as vm
from small_images import SHAPE, SPACING, sitk_image, texture, two_labels

FEW = {"features": {"firstorder": ["Mean", "Energy"], "glcm": ["Contrast", "MCC"], "shape": ["MeshVolume"]}}
"""Settings that take a moment."""
SAME = ("features.parquet", "failures.parquet", "inputs.parquet", "dictionary.csv", "dictionary.csv-metadata.json")
"""Files that have the same bytes from run to run."""


def write_scan(folder: Path, name: str, *, seed: int, times: int = 1) -> tuple[Path, Path]:
    """An image of its own, so many times as long as usual, and a mask with the regions 1 and 3 (node)."""
    shape = (SHAPE[0] * times, *SHAPE[1:])
    image = vm.Volume(texture(shape, seed=seed), spacing=SPACING)
    paths = folder / f"{name}.nrrd", folder / f"{name}.seg.nrrd"
    vm.write_image(image, paths[0])
    vm.write_mask(vm.Mask(two_labels(shape), image.grid, names={3: "node"}), paths[1])
    return paths


def write_empty_mask(folder: Path, name: str) -> Path:
    """A mask without any region, on the grid of the scans."""
    path = folder / f"{name}.nrrd"
    sitk.WriteImage(sitk_image(np.zeros(SHAPE, np.uint8)), path)
    return path


def write_table(folder: Path, rows: Sequence[dict[str, Any]], name: str = "cases.csv") -> Path:
    """A table of cases."""
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_cohort(folder: Path, cases: int = 4) -> Path:
    """A table of cases of different images, with an age."""
    scans = [write_scan(folder, f"scan{number}", seed=number) for number in range(cases)]
    return write_table(
        folder,
        [
            {"case": f"case {cases - number}", "image": image.name, "mask": mask.name, "age": f"0{number}"}
            for number, (image, mask) in enumerate(scans)
        ],
    )


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def written(folder: Path) -> dict[str, bytes]:
    """What has to be the same from run to run."""
    return {name: (folder / name).read_bytes() for name in SAME}


def everything_written(folder: Path) -> bytes:
    """Names and contents of all files in a folder, tables as text: what is compressed cannot be searched."""
    return b"".join(str(path).encode() + (content_of(path) if path.is_file() else b"") for path in folder.rglob("*"))


def content_of(path: Path) -> bytes:
    """What is in a file, tables as text."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist()).encode()
    if path.suffix == ".arrow":
        return str(pa.ipc.open_file(path).read_all().to_pylist()).encode()
    return path.read_bytes()
