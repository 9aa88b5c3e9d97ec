"""A table of cases: which rows are of one case, what its images and masks are called, what is left out of it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cohort_files import FEW, rows_of, write_cohort, write_scan, write_table
from voxmill.cohort import Wanted, estimate_cohort, run_cohort
from voxmill.runs.runner import Progress


def test_rows_of_a_table_that_share_a_case_tell_its_inputs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they are written at different times."""
    image, mask = write_scan(tmp_path, "scan", seed=1)
    rows = [{"ID": case, "Image": image.name, "Mask": mask.name, "Label": label} for case in "ba" for label in (1, 3)]
    cohort = write_table(tmp_path, rows)
    for most in (2**25, 1):
        monkeypatch.setattr("voxmill.cohort.tables._group_bytes", lambda rows, columns, most=most: most)
        done = run_cohort(cohort, tmp_path / f"out{most}", settings=FEW)
        assert done.tally.rows == 4
        assert [row["case"] for row in rows_of(done.folder / "inputs.parquet")] == ["a", "b"]


def test_a_column_that_has_changed_is_carried_anew_and_nothing_measured(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    run_cohort(cohort, tmp_path / "out", settings=FEW)
    cohort.write_text(cohort.read_text().replace(",00", ",77"))
    done = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert done.progress.done == 0
    assert [row["age"] for row in rows_of(done.features)] == ["01", "01", "77", "77"]


def test_several_images_of_a_case_are_rows_of_their_own(tmp_path: Path) -> None:
    first, mask = write_scan(tmp_path, "a", seed=1)
    second, _ = write_scan(tmp_path, "b", seed=2)
    cohort = write_table(
        tmp_path, [{"case": "one", "image:t1": first.name, "image:adc": second.name, "mask": mask.name}]
    )
    rows = rows_of(run_cohort(cohort, tmp_path / "out", settings=FEW).features)
    assert [(row["image"], row["region"]) for row in rows] == [
        ("adc", "1"), ("adc", "node"), ("t1", "1"), ("t1", "node"),
    ]  # fmt: skip


def test_numbers_that_pandas_gave_a_point_are_whole(tmp_path: Path) -> None:
    """As it does in columns with an empty cell."""
    image, mask = write_scan(tmp_path, "scan", seed=1)
    files = {"image": [image.name] * 3, "mask": [mask.name] * 3}
    table = pa.table({"case": [7.0, float("nan"), None], **files, "Label": [1.0, 3.0, float("nan")]})
    pq.write_table(table, tmp_path / "cases.parquet")
    named = {"image": image.name, "mask": mask.name}
    rows = [{"case": case, **named, "Label": label} for case, label in (("7", "1.0"), ("", "3.0"), ("", ""))]
    for cohort in (tmp_path / "cases.parquet", write_table(tmp_path, rows)):
        found = rows_of(run_cohort(cohort, tmp_path / f"of {cohort.name}", settings=FEW).features)
        assert [(row["case"], row["label"]) for row in found] == [
            ("7", 1), ("scan.nrrd", 3), ("scan.nrrd", 1), ("scan.nrrd", 3),
        ]  # fmt: skip


def test_masks_of_one_image_are_rows_of_one_case(tmp_path: Path) -> None:
    """As PyRadiomics' batch files have them, without a column that names a case."""
    (image, mask), (_, other) = (write_scan(tmp_path, name, seed=1) for name in "ab")
    rows = [{"Image": image.name, "Mask": one.name, "reader": reader} for one, reader in ((mask, "x"), (other, "y"))]
    done = run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings=FEW)
    assert [(row["case"], row["image"], row["mask"], row["reader"]) for row in rows_of(done.features)] == [
        ("a.nrrd", "image", "a.seg.nrrd", "x"),
        ("a.nrrd", "image", "a.seg.nrrd", "x"),
        ("a.nrrd", "image", "b.seg.nrrd", "y"),
        ("a.nrrd", "image", "b.seg.nrrd", "y"),
    ]
    assert [row["mask"] for row in rows_of(done.folder / "inputs.parquet")] == ["a.seg.nrrd", "b.seg.nrrd"]


def test_of_a_case_only_what_is_missing_is_left_out(tmp_path: Path) -> None:
    (first, mask), (second, other) = (write_scan(tmp_path, name, seed=1) for name in "ab")
    images = {"image:t1": first.name, "image:adc": second.name}
    rows = [{"case": case, **images, "mask": one.name} for case, one in (("one", mask), ("two", other))]
    cohort = write_table(tmp_path, rows)
    second.unlink()
    other.unlink()
    skipping = Wanted(skip_missing=True)
    assert estimate_cohort(cohort, settings=FEW, wanted=skipping).cases == 1
    done = run_cohort(cohort, tmp_path / "out", settings=FEW, wanted=skipping)
    assert {(row["case"], row["image"]) for row in rows_of(done.features)} == {("one", "t1")}
    told = (done.folder / "methods.md").read_text()
    assert "2 rows of features came of 1 case. 3 images were left out, as files were not there." in told
    assert [(row["case"], row["image"], row["sentence"]) for row in rows_of(done.failures)] == [
        ("one", "adc", "the file of this image is not there"),
        ("two", "adc", "the file of this image is not there"),
        ("two", "t1", "the file of its mask is not there"),
    ]
    write_scan(tmp_path, "b", seed=1)
    again = run_cohort(cohort, tmp_path / "out", settings=FEW, wanted=skipping)
    assert (again.progress.done, again.tally.rows, rows_of(again.failures)) == (2, 8, [])


def test_images_of_one_patient_are_rows_of_one_case(tmp_path: Path) -> None:
    """Others keep the names that they have alone."""
    visits = [(patient, *write_scan(tmp_path, name, seed=1)) for patient, name in (("p", "a"), ("q", "b"), ("p", "c"))]
    rows = [
        {"PatientID": patient, "image:t1": image.name, "image:adc": visits[0][1].name, "Mask": mask.name}
        for patient, image, mask in visits
    ]
    found = rows_of(run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings=FEW).features)
    assert [(row["case"], row["image"], row["mask"]) for row in found[::2]] == [
        ("p", "adc", "a.seg.nrrd"),
        ("p", "t1 a.nrrd", "a.seg.nrrd"),
        ("p", "adc", "c.seg.nrrd"),
        ("p", "t1 c.nrrd", "c.seg.nrrd"),
        ("q", "adc", "mask"),
        ("q", "t1", "mask"),
    ]


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    table = pa.table({"Case": ["b", "a"], "Image": [image.name] * 2, "Mask": [mask.name] * 2, "age": [61, None]})
    pq.write_table(table, tmp_path / "cases.parquet")
    rows = rows_of(run_cohort(tmp_path / "cases.parquet", tmp_path / "out", settings=FEW).features)
    assert [(row["case"], row["age"]) for row in rows] == [("a", None)] * 2 + [("b", 61)] * 2


def test_a_case_of_several_rows_counts_once(tmp_path: Path) -> None:
    """As convert counts it: by its name, wherever its rows stand."""
    scans = [write_scan(tmp_path, name, seed=1) for name in "abc"]
    names = ("one", "two", "one")
    rows = [
        {"case": case, "image": image.name, "mask": mask.name} for case, (image, mask) in zip(names, scans, strict=True)
    ]
    cohort, out, begun, heard = write_table(tmp_path, rows), tmp_path / "out", list[int](), list[Progress]()
    found = estimate_cohort(cohort, settings=FEW)
    assert (found.cases, found.sampled, found.before) == (2, 2, 0)
    assert found.bytes == sum(path.stat().st_size for scan in scans for path in scan)
    done = run_cohort(cohort, out, settings=FEW, begin=begun.append, tell=heard.append)
    assert (begun, done.progress, heard[-1]) == ([2], Progress(done=2), Progress(done=2))
    told = json.loads((out / "run.json").read_text())
    assert {name: told["counts"][name] for name in ("cases", "done", "measured")} == dict.fromkeys(
        ("cases", "done", "measured"), 2
    )
    assert told["measured_on"] == {"cpu": 2}
    assert "6 rows of features came of 2 cases." in (out / "methods.md").read_text()
    assert run_cohort(cohort, out, settings=FEW).progress == Progress(before=2)


def test_a_case_has_failed_where_a_row_of_it_has(tmp_path: Path) -> None:
    (image, mask), (later, _) = (write_scan(tmp_path, name, seed=1) for name in "ab")
    rows = [{"case": "one", "image": one.name, "mask": mask.name} for one in (image, later)]
    cohort, out, content = write_table(tmp_path, rows), tmp_path / "out", later.read_bytes()
    later.write_text("no image")
    assert run_cohort(cohort, out, settings=FEW).progress == Progress(failed=1)
    later.write_bytes(content)
    found = estimate_cohort(cohort, settings=FEW, out=out)
    assert (found.cases, found.before) == (1, 0)
    assert run_cohort(cohort, out, settings=FEW).progress == Progress(done=1)


def test_a_limit_is_of_cases_with_all_their_rows(tmp_path: Path) -> None:
    scans = [write_scan(tmp_path, name, seed=1) for name in "abcd"]
    scans[0][0].unlink()
    names = ("none", "one", "two", "one")
    rows = [
        {"case": case, "image": image.name, "mask": mask.name} for case, (image, mask) in zip(names, scans, strict=True)
    ]
    wanted = Wanted(limit=1, skip_missing=True)
    done = run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings=FEW, wanted=wanted)
    assert [(row["case"], row["image"]) for row in rows_of(done.features)[::2]] == [
        ("one", "b.nrrd"),
        ("one", "d.nrrd"),
    ]
    assert done.progress == Progress(done=1)


def test_a_label_of_a_row_that_is_not_in_its_mask_is_a_region_that_failed(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    rows = [{"case": "one", "image": image.name, "mask": mask.name, "Label": label} for label in (1, 9)]
    done = run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings=FEW)
    assert [row["label"] for row in rows_of(done.features)] == [1]
    assert [(row["region"], row["reason"]) for row in rows_of(done.failures)] == [("9", "RegionError")]
