"""The folder of a run: what is its own, what is set aside, and what may not be replaced."""

import shutil
from pathlib import Path

import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort, written
from voxmill.cohort import Forms, Wanted, estimate_cohort, run_cohort
from voxmill.cohort.folder import set_aside
from voxmill.runs.places import Address


def test_results_do_not_go_into_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    store = tmp_path / "cohort.zarr"
    vm.convert(write_cohort(tmp_path, 1), store)
    (tmp_path / "link").symlink_to(store)
    for out in (store, store / "out", tmp_path / "link" / "out"):
        with pytest.raises(vm.OutputError, match=rf"^{out.name}: this is in the store; give a folder beside it"):
            run_cohort(store, out, settings=FEW)
        with pytest.raises(vm.OutputError, match="this is in the store"):
            estimate_cohort(store, settings=FEW, out=out)
    assert len(vm.open_store(store).names) == 1


def test_what_was_done_before_stays_where_a_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.places.ANSWER_S", 0.5)
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW, wanted=Wanted(limit=1))
    before = {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    with pytest.raises(vm.InputError, match="no scheduler of Dask answers"):
        run_cohort(cohort, out, settings=FEW, on=Address("tcp://127.0.0.1:9"))
    assert {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()} == before


def test_limits_without_a_process_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(vm.SettingsError, match="limits of a case need a process that can be ended"):
        run_cohort(write_cohort(tmp_path, 1), tmp_path / "out", settings=FEW, limits=vm.Limits(time_s=5))
    assert not (tmp_path / "out").exists()


def test_results_are_not_written_to_where_a_link_leads(tmp_path: Path) -> None:
    cohort, outside = write_cohort(tmp_path, 1), tmp_path / "outside.txt"
    out = run_cohort(cohort, tmp_path / "out", settings=FEW).folder
    outside.write_text("of somebody")
    for name in ("methods.md", "dictionary.csv"):
        (out / name).unlink()
        (out / name).symlink_to(outside)
    run_cohort(cohort, out, settings=FEW)
    assert outside.read_text() == "of somebody"
    assert not (out / "methods.md").is_symlink()


@pytest.mark.parametrize("name", ["ledger", "earlier"])
def test_a_folder_of_ours_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path: Path, name: str) -> None:
    cohort, outside = write_cohort(tmp_path, 1), tmp_path / "outside"
    out = run_cohort(cohort, tmp_path / "out", settings=FEW).folder
    if (out / name).exists():
        (out / name).rename(tmp_path / "aside")
    for is_there in (False, True):
        (out / name).unlink(missing_ok=True)
        (out / name).symlink_to(outside)
        with pytest.raises(vm.OutputError, match=rf"^{name}: this is a link, which is not followed; put the folder"):
            run_cohort(cohort, out, settings={"features": ["firstorder"]})
        outside.mkdir(exist_ok=is_there)
        assert not any(outside.iterdir())


def test_other_settings_begin_a_new_run_and_the_earlier_one_is_kept(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    first = run_cohort(cohort, tmp_path / "out", settings=FEW)
    before = written(first.folder)
    other = run_cohort(cohort, tmp_path / "out", settings={**FEW, "discretise": {"bin_width": 10}})
    assert (other.progress.done, other.progress.before) == (2, 0)
    assert other.aside is not None
    assert written(other.aside) == before
    assert rows_of(other.features) != rows_of(other.aside / "features.parquet")
    back = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (back.progress.done, back.progress.before) == (0, 2)
    assert written(back.folder) == before


def test_without_its_ledger_a_folder_is_still_ours_and_everything_is_measured_anew(tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW)
    before = written(out)
    shutil.rmtree(out / "ledger")
    again = run_cohort(cohort, out, settings=FEW)
    assert (again.progress.done, again.progress.before) == (2, 0)
    assert written(out) == before


def test_what_is_set_aside_is_of_one_run(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 1)
    other = {**FEW, "discretise": {"bin_width": 10}}
    run_cohort(cohort, tmp_path / "out", settings=FEW, forms=Forms(csv=True))
    with_csv = run_cohort(cohort, tmp_path / "out", settings=other).aside
    assert with_csv is not None
    assert (with_csv / "features.csv").is_file()
    run_cohort(cohort, tmp_path / "out", settings=FEW)
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"ledger", "earlier"}
    again = run_cohort(cohort, tmp_path / "out", settings=other).aside
    assert again == with_csv
    assert {path.name for path in with_csv.iterdir()} == names


def test_tables_of_other_cases_are_set_aside(tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 3), tmp_path / "out"
    head, *lines = cohort.read_text().splitlines(keepends=True)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(head + "".join(lines[:2]))
    second.write_text(head + "".join(lines[1:]))
    run_cohort(first, out, settings=FEW, forms=Forms(csv=True))
    before, text = written(out), (out / "features.csv").read_bytes()
    aside = run_cohort(second, out, settings=FEW).aside
    assert aside is not None
    assert (written(aside), (aside / "features.csv").read_bytes()) == (before, text)
    other = written(out)
    back = run_cohort(first, out, settings=FEW)
    assert (back.progress.done, back.aside) == (0, aside.with_name(f"{aside.name}-2"))
    assert (written(out), written(aside), written(back.aside or out)) == (before, before, other)
    assert run_cohort(second, out, settings=FEW).aside == aside
    assert run_cohort(cohort, out, settings=FEW).aside is None


def test_what_is_set_aside_gives_way_to_no_part_of_it(tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 3), tmp_path / "out"
    other = {**FEW, "discretise": {"bin_width": 10}}
    run_cohort(cohort, out, settings=other)
    before = written(out)
    aside = run_cohort(cohort, out, settings=FEW).aside
    run_cohort(cohort, out, settings=other, wanted=Wanted(limit=1))
    part = run_cohort(cohort, out, settings=FEW).aside
    assert aside is not None
    assert part is not None
    assert written(aside) == before
    assert len(rows_of(part / "features.parquet")) == 2


def test_setting_aside_goes_on_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    other = {**FEW, "discretise": {"bin_width": 10}}
    for settings in (FEW, other, FEW):
        run_cohort(cohort, out, settings=settings)
    before, moves = written(out), iter(range(3))
    replace = Path.replace

    def some(path: Path, target: Path) -> Path:
        if path.parent == out and next(moves, None) is None:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", some)
        with pytest.raises(KeyboardInterrupt):
            set_aside(out, "another", ())
    aside = set_aside(out, "another", ())
    assert aside is not None
    assert written(aside) == before


@pytest.mark.parametrize("wanted", [Wanted(only="case [13]"), Wanted(limit=3)])
def test_a_choice_of_cases_takes_no_rows_out_of_tables_that_are_there(tmp_path: Path, wanted: Wanted) -> None:
    cohort, out = write_cohort(tmp_path), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW)
    before = written(out)
    left_out = 2 if wanted.only else 1
    with pytest.raises(vm.SettingsError, match=rf"^out: its tables have rows of {left_out} cases? that --only or"):
        run_cohort(cohort, out, settings=FEW, wanted=wanted)
    assert written(out) == before
    run_cohort(cohort, out, settings=FEW, wanted=Wanted(only="case*", limit=4))
    assert written(out) == before
    other = run_cohort(cohort, out, settings={**FEW, "discretise": {"bin_width": 10}}, wanted=wanted)
    assert other.aside is not None
    assert written(other.aside) == before
