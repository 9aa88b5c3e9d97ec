"""What names of regions repeat of a patient's header enters neither a store nor a run, unless identifiers are kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

import voxmill as vm
from cohort_files import FEW, everything_written, rows_of, write_table
from dicom_masks import Drawn, pixel_outlines, segments, write_scan, write_segmentation, write_structure_set
from voxmill.cohort import run_cohort
from voxmill.conversion import convert

NAMES = ("GTV Jane", "node", "of jane doe")
TOLD = {"GTV region 1", "node", "of region 3"}
NOTE = "what names of regions repeat of the patient's header, and dates in them, was replaced: labels 1, 3"
TABLE = [{"case": "one", "image": "ct", "mask": "m.dcm"}]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A study of Jane Doe's, whose segmentation names its regions after her."""
    folder = tmp_path / "in"
    write_segmentation(folder / "m.dcm", write_scan(folder / "ct"), segments(), names=NAMES)
    return folder


def without_patient(path: Path) -> None:
    dataset = dcmread(path)
    dataset.PatientName = ""
    dataset.save_as(path)


def regions_in(store: Path) -> set[str | None]:
    (case,) = vm.open_store(store).cases
    return {one.name for one in case.images[0].masks[0].segments}


@pytest.mark.parametrize("is_table", [False, True], ids=["tree", "table"])
def test_a_store_and_its_ledger_do_not_tell_them(tmp_path: Path, tree: Path, is_table: bool) -> None:  # noqa: FBT001
    source = write_table(tree, TABLE) if is_table else tree
    (tmp_path / "out").mkdir()
    done = convert(source, tmp_path / "out" / "cohort.zarr")
    assert regions_in(done.store) == TOLD
    assert NOTE in rows_of(done.index)[0]["notes"]
    assert b"jane" not in everything_written(tmp_path / "out").lower()


@pytest.mark.parametrize("is_table", [False, True], ids=["tree", "table"])
def test_a_structure_set_is_looked_through_by_the_header_of_its_image(
    tmp_path: Path,
    tree: Path,
    is_table: bool,  # noqa: FBT001
) -> None:
    (tree / "m.dcm").unlink()
    scan = write_scan(tree / "ct")
    outlines = [pixel_outlines(scan.grid, inside) for inside in segments()]
    regions = [Drawn(number, *one) for number, one in enumerate(zip(NAMES, outlines, strict=True), 1)]
    without_patient(write_structure_set(tree / "m.dcm", scan, regions))
    source = write_table(tree, TABLE) if is_table else tree
    assert regions_in(convert(source, tmp_path / "cohort.zarr").store) == TOLD
    assert names_of(rows_of(run_cohort(source, tmp_path / "run", settings=FEW).features)) == TOLD


@pytest.mark.parametrize("is_url", [False, True], ids=["here", "url"])
def test_of_several_images_each_header_counts(tmp_path: Path, tree: Path, is_url: bool) -> None:  # noqa: FBT001
    """Also that of a folder at a URL, where other files lie before it; one of them may be no DICOM."""
    without_patient(tree / "m.dcm")
    (tree / "ct" / "0.txt").write_text("not DICOM")
    vm.write_image(vm.read_image(tree / "ct"), tree / "plain.nrrd")
    table = write_table(tree, [{"case": "one", "image:ct": "ct", "image:plain": "plain.nrrd", "mask": "m.dcm"}])
    source = f"simplecache::file://{table}" if is_url else table
    (case,) = vm.open_store(convert(source, tmp_path / "cohort.zarr").store).cases
    found = {image.name: {one.name for one in image.masks[0].segments} for image in case.images}
    assert found == {"ct": TOLD, "plain": TOLD}


def test_they_are_kept_where_identifiers_are(tmp_path: Path, tree: Path) -> None:
    done = convert(tree, tmp_path / "cohort.zarr", keep_ids=True)
    assert regions_in(done.store) == set(NAMES)
    assert NOTE not in rows_of(done.index)[0]["notes"]


def names_of(rows: list[dict[str, Any]]) -> set[str]:
    return {row["region"] for row in rows}


@pytest.mark.parametrize("is_table", [False, True], ids=["tree", "table"])
def test_a_run_does_not_tell_them_unless_it_keeps_them(tmp_path: Path, tree: Path, is_table: bool) -> None:  # noqa: FBT001
    source = write_table(tree, TABLE) if is_table else tree
    done = run_cohort(source, tmp_path / "out" / "run", settings=FEW)
    rows = rows_of(done.features)
    assert names_of(rows) == TOLD
    assert all(NOTE in row["notes"] for row in rows)
    assert b"jane" not in everything_written(done.folder).lower()
    if is_table:
        again = run_cohort(source, tmp_path / "out" / "run", settings=FEW, keep_ids=True)
        assert names_of(rows_of(again.features)) == set(NAMES)


@pytest.mark.parametrize("is_table", [False, True], ids=["tree", "table"])
def test_a_note_is_as_it_was_written_whatever_regions_are_called(tmp_path: Path, is_table: bool) -> None:  # noqa: FBT001
    """Words of a sentence are no identifiers because a region is called so."""
    folder = tmp_path / "in"
    pixels = segments()
    pixels[:, 2] = False
    scan = write_scan(folder / "ct")
    write_segmentation(folder / "m.dcm", scan, pixels, names=("empty", "between", "slices"))
    source = write_table(folder, TABLE) if is_table else folder
    (note,) = vm.read_mask(folder / "m.dcm", scan.image).notes
    assert note.startswith("slices between planes that have none were left empty: 1 of empty; ")
    (case,) = vm.open_store(convert(source, tmp_path / "cohort.zarr").store).cases
    assert case.images[0].masks[0].notes == (note,)
    assert all(note in row["notes"] for row in rows_of(run_cohort(source, tmp_path / "run", settings=FEW).features))


@pytest.mark.parametrize("name, told", [("contour", "contour"), ("GTV Jane", "GTV a region")])
def test_why_a_mask_cannot_be_read_tells_regions_but_not_persons(tmp_path: Path, name: str, told: str) -> None:
    folder = tmp_path / "in"
    scan = write_scan(folder / "ct")
    far = np.array([[1e5, 0, 30], [1e5, 1e5, 30], [0, 1e5, 30]])
    write_structure_set(folder / "m.dcm", scan, [Drawn(1, name, [far])])
    (row,) = rows_of(convert(folder, tmp_path / "cohort.zarr").failures)
    assert f", region {told}: a contour lies 16384 voxels from the image" in row["sentence"]
