"""A mask that somebody gave for an image, and that headers say is not of it: refused, or a note in every row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

import voxmill as vm
from cohort_files import rows_of, write_table
from dicom_masks import Drawn, Series, segments, write_scan, write_segmentation, write_structure_set
from voxmill.cohort import run_cohort
from voxmill.conversion import convert
from voxmill.errors import UnrelatedError

FEW = {"features": {"firstorder": ["Mean"]}}
SOMEONE, ELSEWHERE = "SOMEONE-42", "1.2.826.99.42"
REFUSED = "it is of another patient than the image (PatientID), and refers neither to its series nor to its frame of r"
PATIENT = "the mask is of another patient than its image (PatientID); check where both are from"
FRAME = "the mask lies in another frame of reference than its image (FrameOfReferenceUID), or refers to another series"


def write_mask(folder: Path, kind: str) -> Path:
    """A series, and a mask of it."""
    scan: Series = write_scan(folder / "ct")
    if kind == "SEG":
        return write_segmentation(folder / "drawn.dcm", scan, segments())
    corners = [scan.image.grid.points([(2, y, x) for y, x in ((5, 5), (5, 20), (20, 20), (20, 5))])]
    return write_structure_set(folder / "drawn.dcm", scan, [Drawn(1, "box", corners)])


def elsewhere(dataset: Dataset) -> None:
    """Another frame of reference, and no word of a series or its slices."""
    dataset.FrameOfReferenceUID = ELSEWHERE
    for name in ("ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence", "SourceImageSequence"):
        dataset.pop(name, None)
    for frame in dataset.get("PerFrameFunctionalGroupsSequence", []):
        frame.pop("DerivationImageSequence", None)
    for region in dataset.get("StructureSetROISequence", []):
        region.ReferencedFrameOfReferenceUID = ELSEWHERE
    for region in dataset.get("ROIContourSequence", []):
        for contour in region.ContourSequence:
            contour.pop("ContourImageSequence", None)


def someone(dataset: Dataset) -> None:
    dataset.PatientID = SOMEONE


def changed(path: Path, *changes: Callable[[Dataset], None]) -> None:
    dataset = dcmread(path)
    for change in changes:
        change(dataset)
    dataset.save_as(path)


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_of_another_patient_and_elsewhere_it_is_refused(tmp_path: Path, kind: str) -> None:
    mask = write_mask(tmp_path, kind)
    changed(mask, someone, elsewhere)
    image = vm.read_image(tmp_path / "ct")
    assert image.acquired is not None
    for use in (lambda: vm.extract(tmp_path / "ct", mask), lambda: vm.read_mask(mask, image)):
        with pytest.raises(UnrelatedError) as refused:
            use()
        assert str(refused.value).startswith(f"drawn: {REFUSED}")
        assert not any(one in str(refused.value) for one in (SOMEONE, ELSEWHERE, "P1", image.acquired.series))


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
@pytest.mark.parametrize("change, note", [(someone, PATIENT), (elsewhere, FRAME)])
def test_where_one_of_them_differs_every_row_says_so(
    tmp_path: Path, kind: str, change: Callable[[Dataset], None], note: str
) -> None:
    mask = write_mask(tmp_path, kind)
    changed(mask, change)
    rows = vm.extract(tmp_path / "ct", mask, settings=FEW).rows
    assert rows
    assert all(any(one.startswith(note) for one in row.notes) for row in rows)
    assert not any(one in str(row.notes) for row in rows for one in (SOMEONE, ELSEWHERE))


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_where_none_differs_no_row_says_anything(tmp_path: Path, kind: str) -> None:
    rows = vm.extract(tmp_path / "ct", write_mask(tmp_path, kind), settings=FEW).rows
    assert [row.notes for row in rows] == [()] * len(rows)


def test_a_mask_that_says_nothing_may_be_of_any_image(tmp_path: Path) -> None:
    mask = write_mask(tmp_path, "RTSTRUCT")

    def silent(dataset: Dataset) -> None:
        elsewhere(dataset)
        dataset.PatientID = dataset.FrameOfReferenceUID = ""
        for region in dataset.StructureSetROISequence:
            region.ReferencedFrameOfReferenceUID = ""

    changed(mask, silent)
    assert not any(row.notes for row in vm.extract(tmp_path / "ct", mask, settings=FEW).rows)


def test_a_table_is_refused_the_same_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    changed(write_mask(tmp_path, "SEG"), someone, elsewhere)
    table = write_table(tmp_path, [{"case": "one", "image": "ct", "mask": "drawn.dcm"}])
    run = run_cohort(table, tmp_path / "out", settings=FEW)
    assert [REFUSED in row["sentence"] for row in rows_of(run.failures)] == [True]
    for _ in range(2):
        done = convert(table, tmp_path / "cohort.zarr")
        assert done.not_read == {"mask": 1}
        (row,) = rows_of(done.failures)
        assert (REFUSED in row["sentence"], row["reason"]) == (True, "UnrelatedError")
        assert SOMEONE not in str(row)
    changed(tmp_path / "drawn.dcm", lambda dataset: setattr(dataset, "PatientID", "P1"))
    assert convert(table, tmp_path / "cohort.zarr").unread == 0
    (stored, *_) = vm.extract_store(vm.open_store(tmp_path / "cohort.zarr"), settings=FEW).rows
    assert any(note.startswith(FRAME) for note in stored.notes)
