"""Files on a network that is away for a moment: their cases are tried again within the run, and then they fail."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

import voxmill as vm
from cohort_files import FEW, rows_of, write_scan, write_table, written
from voxmill.cohort import run_cohort
from voxmill.conversion import convert
from voxmill.errors import InputError
from voxmill.passing import Unreachable, reading
from voxmill.store.windows import Shards

Away = Callable[..., None]
PASSING = [errno.EIO, errno.ESTALE, errno.ETIMEDOUT]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    """Has files of these names fail with an error of the system when they are opened, so many times."""

    def begin(times: int, error: int, *names: str) -> None:
        left, really = dict.fromkeys(names, times), Path.open

        def refusing(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            if left.get(path.name, 0) > 0:
                left[path.name] -= 1
                raise OSError(error, "the server is away")
            return really(path, *arguments, **options)

        monkeypatch.setattr(Path, "open", refusing)

    return begin


def two_cases(folder: Path) -> Path:
    scans = [write_scan(folder, name, seed=seed) for seed, name in enumerate("ab")]
    rows = [{"case": image.stem, "image": image.name, "mask": mask.name} for image, mask in scans]
    return write_table(folder, rows)


@pytest.mark.parametrize("name", ["a.nrrd", "a.seg.nrrd"])
@pytest.mark.parametrize("error", PASSING)
def test_of_a_cohort(tmp_path: Path, away: Away, error: int, name: str) -> None:
    table = two_cases(tmp_path)
    run_cohort(table, tmp_path / "undisturbed", settings=FEW)
    away(1, error, name)
    done = run_cohort(table, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed) == (2, 0)
    assert written(done.folder) == written(tmp_path / "undisturbed")


@pytest.mark.parametrize("name", ["a.nrrd", "a.seg.nrrd"])
@pytest.mark.parametrize("error", PASSING)
def test_of_a_conversion(tmp_path: Path, away: Away, error: int, name: str) -> None:
    table = two_cases(tmp_path)
    away(1, error, name)
    done = convert(table, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.progress.failed, done.unread) == (2, 0, 0)
    assert [len(image.masks) for case in vm.open_store(done.store).cases for image in case.images] == [1, 1]


@pytest.mark.parametrize("step", ["ReadImageInformation", "Execute"])
@pytest.mark.parametrize("times", [0, 1])
def test_of_a_cohort_within_itk(
    tmp_path: Path, away: Away, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    """Of which ITK says what it says of damaged files: while it asks, or still when the file is read to see."""
    import SimpleITK as sitk

    table, left, really = two_cases(tmp_path), [times], getattr(sitk.ImageFileReader, step)

    def failing(reader: sitk.ImageFileReader) -> object:
        if left:
            away(left.pop(), errno.EIO, "a.nrrd")
            raise RuntimeError("sitk::ERROR: it is damaged")
        return really(reader)

    monkeypatch.setattr(sitk.ImageFileReader, step, failing)
    done = run_cohort(table, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed, left) == (2, 0, [])


def test_what_stays_away_fails_with_the_reason(tmp_path: Path, away: Away) -> None:
    table = two_cases(tmp_path)
    away(9, errno.ESTALE, "a.nrrd")
    said = "image: it cannot be read now (the server is away); see whether the disk or network that it lies on is well"
    ran = run_cohort(table, tmp_path / "out", settings=FEW)
    (failure,) = rows_of(ran.failures)
    assert (ran.progress.done, failure["case"], failure["reason"]) == (1, "a", "Unreachable")
    assert failure["sentence"].startswith(said)
    away(9, errno.ESTALE, "a.nrrd", "b.seg.nrrd")
    converted = convert(table, tmp_path / "cohort.zarr")
    image, mask = sorted(rows_of(converted.failures), key=lambda row: str(row["case"]))
    assert converted.not_read == {"case": 1, "mask": 1}
    assert [image["reason"], mask["reason"]] == ["Unreachable"] * 2
    assert "it cannot be read now (the server is away)" in image["sentence"]
    assert "it cannot be read now (the server is away)" in mask["sentence"]


def test_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = convert(two_cases(tmp_path), tmp_path / "cohort.zarr").store
    really, left = Shards.read, [1]

    def refusing(shards: Shards, window: vm.Window) -> NDArray[Any]:
        if left and left.pop():
            raise OSError(errno.EIO, "the server is away")
        return really(shards, window)

    monkeypatch.setattr(Shards, "read", refusing)
    done = run_cohort(store, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed, left) == (2, 0, [])


def test_of_a_store_that_stays_away_it_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = convert(two_cases(tmp_path), tmp_path / "cohort.zarr").store

    def refusing(_shards: Shards, _window: vm.Window) -> NDArray[Any]:
        raise OSError(errno.EIO, "the server is away")

    monkeypatch.setattr(Shards, "read", refusing)
    failures = rows_of(run_cohort(store, tmp_path / "out", settings=FEW).failures)
    assert [(row["step"], row["reason"]) for row in failures] == [("measure", "Unreachable")] * 2
    assert all(row["sentence"].startswith("image: it cannot be read now (the server is away); ") for row in failures)


def test_what_lasts_is_not_tried_again(tmp_path: Path, away: Away) -> None:
    table = two_cases(tmp_path)
    away(1, errno.EACCES, "a.nrrd")
    done = run_cohort(table, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed) == (1, 1)


def test_a_cause_is_found_behind_other_errors() -> None:
    error = InputError("it is damaged")
    error.__cause__ = OSError(errno.EHOSTUNREACH, "no way there")
    told = {error: "no way there", TimeoutError(errno.ETIMEDOUT, "too long"): "too long"}
    for one, said in told.items():
        with (
            pytest.raises(Unreachable, match=rf"^image: it cannot be read now \({said}\); see whether"),
            reading("image"),
        ):
            raise one
    lasting: tuple[Exception, ...] = (InputError("no"), FileNotFoundError(errno.ENOENT, "none"), ValueError("no"))
    for one in lasting:
        with pytest.raises(type(one)) as raised, reading("image"):
            raise one
        assert raised.value is one
