"""Every file that pydicom ships for its own tests: read, read with a note, or refused for a reason, as a table says.

The table is written anew by `python tests/io/dicom/test_pydicom_files.py`.
"""

import csv
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
import SimpleITK as sitk

import voxmill as vm

FILES = Path(pydicom.data.__file__).parent / "test_files"
TABLE = Path(__file__).with_name("pydicom_files.csv")
HEADINGS = ("file", "outcome", "sentence")


def outcome(path: Path) -> tuple[str, str]:
    try:
        image = vm.read_image(path)
    except vm.InputError as error:
        return "refused", str(error)
    return ("read with a note" if image.notes else "read"), "; ".join(image.notes)


def table() -> list[tuple[str, str, str]]:
    paths = sorted(path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [(path.relative_to(FILES).as_posix(), *outcome(path)) for path in paths]


def expected() -> list[tuple[str, str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return [(row["file"], row["outcome"], row["sentence"]) for row in csv.DictReader(stream)]


def test_every_file_ends_as_the_table_says() -> None:
    assert table() == expected()


@pytest.mark.parametrize("name", [name for name, how, _ in expected() if how != "refused"])
def test_values_are_those_of_simpleitk(name: str) -> None:
    ours, theirs = vm.read_image(FILES / name), sitk.ReadImage(str(FILES / name))
    assert np.array_equal(ours.array, sitk.GetArrayFromImage(theirs))
    np.testing.assert_allclose(ours.grid.origin, theirs.GetOrigin(), atol=1e-9)
    np.testing.assert_allclose(ours.grid.spacing[:2], theirs.GetSpacing()[:2], rtol=1e-9)
    np.testing.assert_allclose(ours.grid.direction.ravel(), theirs.GetDirection(), atol=1e-3)


if __name__ == "__main__":
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADINGS)
        writer.writerows(table())
