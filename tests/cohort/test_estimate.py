"""The cost model: what a cohort will take, from some of its cases."""

import time
from pathlib import Path
from typing import Any

import pytest

import voxmill as vm
from cohort_files import FEW, write_cohort, write_scan, write_table
from dicom_masks import segments, write_segmentation
from dicom_masks import write_scan as write_dicom_scan
from voxmill.cohort import Wanted, estimate_cohort, run_cohort
from voxmill.cohort.estimate import Workforce
from voxmill.cohort.finding import Cohort, find_cohort
from voxmill.cohort.job import Extraction
from voxmill.errors import InputError
from voxmill.runs.lanes import TOGETHER
from voxmill.runs.places import ThisMachine


def test_it_counts_cases_and_bytes_and_keeps_nothing(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 3)
    before = {path.name for path in tmp_path.iterdir()}
    found = estimate_cohort(cohort, settings=FEW)
    assert {path.name for path in tmp_path.iterdir()} == before
    files = [path for path in tmp_path.iterdir() if path.suffix == ".nrrd"]
    assert (found.cases, found.sampled) == (3, 3)
    assert found.bytes == sum(path.stat().st_size for path in files)
    assert found.seconds > 0


def test_what_comes_before_the_first_case_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*asked: Any, **options: Any) -> Cohort:  # noqa: ANN401 - as it is called
        time.sleep(0.5)
        return find_cohort(*asked, **options)

    cohort = write_cohort(tmp_path, 3)
    monkeypatch.setattr("voxmill.cohort.running.find_cohort", slowly)
    assert estimate_cohort(cohort, settings=FEW, before_s=100).seconds > 100.5


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_it_tells_the_time_of_a_run_within_a_quarter(tmp_path: Path, workers: int) -> None:
    """Of cases of different sizes; where estimates before and after a run differ, the machine did other work, too."""
    rows = []
    for number in range(60):
        image, mask = write_scan(tmp_path, f"scan{number}", seed=number, times=1 + number % 3)
        rows.append({"case": str(number), "image": image.name, "mask": mask.name})
    cohort = write_table(tmp_path, rows)
    before = estimate_cohort(cohort, settings=SLOW, workers=workers).seconds
    for run in range(2):
        began = time.perf_counter()
        run_cohort(cohort, tmp_path / f"out{run}", settings=SLOW, workers=workers)
        took = time.perf_counter() - began
        after = estimate_cohort(cohort, settings=SLOW, workers=workers).seconds
        if after == pytest.approx(before, rel=0.2):
            assert (before + after) / 2 == pytest.approx(took, rel=0.25)
            return
        before = after
    pytest.skip("the machine did other work meanwhile: no two estimates agree")


SLOW = {"images": ["original", "wavelet"], "resample": {"spacing_mm": [0.4, 0.4, 0.4]}}


def test_a_cohort_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    image, _ = write_scan(tmp_path, "scan", seed=1)
    cohort = write_table(tmp_path, [{"case": "one", "image": image.name, "mask": ""}])
    with pytest.raises(InputError, match="the one case that was tried cannot be measured: it has no mask"):
        estimate_cohort(cohort, settings=FEW)


def test_cases_that_share_a_gpu_are_done_at_a_time() -> None:
    job = Extraction(vm.Settings.parse(FEW), device="auto")
    assert Workforce(2, on=ThisMachine(gpus=("0", "1"))).at_a_time(job) == 2 + 2 * TOGETHER
    assert Workforce(2).at_a_time(Extraction(job.settings)) == 2


def test_what_is_done_in_the_folder_already_takes_nothing(tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 3), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW, wanted=Wanted(limit=2))
    found = estimate_cohort(cohort, settings=FEW, out=out)
    assert (found.cases, found.before, found.sampled) == (1, 2, 1)
    run_cohort(cohort, out, settings=FEW)
    found = estimate_cohort(cohort, settings=FEW, out=out)
    assert (found.cases, found.before, found.bytes, found.sampled) == (0, 3, 0, 0)
    assert estimate_cohort(cohort, settings={**FEW, "discretise": {"bin_width": 3}}, out=out).cases == 3


@pytest.mark.parametrize("sized, left", [(3, 2), (1, 4)])
def test_what_is_left_is_looked_at_however_much_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sized: int, left: int
) -> None:
    monkeypatch.setattr("voxmill.cohort.estimate.SIZED", sized)
    cohort, out = write_cohort(tmp_path, 6), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW, wanted=Wanted(limit=6 - left))
    found = estimate_cohort(cohort, settings=FEW, out=out)
    assert (found.cases, found.sampled) == (left, min(sized, left))


def test_also_of_a_folder_of_dicom_whose_names_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    series = write_dicom_scan(tmp_path / "in" / "ct")
    write_segmentation(tmp_path / "in" / "seg.dcm", series, segments())
    assert run_cohort(tmp_path / "in", tmp_path / "out", settings=FEW).tally.rows
    found = estimate_cohort(tmp_path / "in", settings=FEW, out=tmp_path / "out")
    assert (found.cases, found.before) == (0, 1)
