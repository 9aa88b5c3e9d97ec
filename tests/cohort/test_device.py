"""Where a run computes: decided once and recorded, and the same bytes wherever it is."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort, written
from cuda_host import HostArray, HostDevice, HostProcess, registered
from fake_cupy import fake_cupy, installed
from host_job import Fates, OnHost, Unlucky
from square_job import Where
from voxmill import computing
from voxmill.cli.run import _lines
from voxmill.cohort import device as deciding
from voxmill.cohort import estimate_cohort, run_cohort
from voxmill.cohort.cases import CohortCase
from voxmill.cohort.device import CRASHED, VARYING, Look, Sight, decide, look
from voxmill.cohort.finding import find_cohort
from voxmill.cohort.job import GPU_FAILED, NO_GPU_HERE, UNSEEN, Extraction
from voxmill.cohort.methods import Extent, methods
from voxmill.cohort.running import CohortRun
from voxmill.cohort.writing import Tally
from voxmill.computing import NOT_INSTALLED, ON_CPU, FoundGPU
from voxmill.operators.images import chains
from voxmill.operators.operator import Exactness, Form
from voxmill.runs.lanes import GPU, TOGETHER
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import HERE, Address, Place, Slurm, ThisMachine
from voxmill.runs.records import Outcome, Record
from voxmill.runs.runner import Progress, run
from voxmill.runs.tries import APART, SHARED, STAGES, Stage, Tries

SETTINGS = vm.Settings.parse(FEW)
VARIES = vm.Settings.parse({**FEW, "images": ["original", "logarithm"]})
CLUSTER, JOBS = Address("tcp://127.0.0.1:1"), Slurm(Path("/jobs"))
TWO = ThisMachine(gpus=("3", "GPU-4"))


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "look", lambda: Sight(2))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-4,unknown")


@pytest.fixture
def device(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostDevice]:
    """A device that extractions of this process find."""
    with registered(HostDevice(plain)) as made:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(made, versions={"CuPy": "14.2.0"})])
        yield made


def told(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run.json").read_text()))


@pytest.mark.parametrize(
    "asked, settings, place, used, ready",
    [
        ("cpu", SETTINGS, HERE, "cpu", HERE),
        ("auto", SETTINGS, HERE, "auto", TWO),
        ("auto", VARIES, HERE, "gpu", TWO),
        ("gpu", SETTINGS, HERE, "gpu", TWO),
        ("cpu", SETTINGS, CLUSTER, "cpu", CLUSTER),
        ("auto", SETTINGS, CLUSTER, "auto", CLUSTER),
        ("auto", VARIES, CLUSTER, "cpu", CLUSTER),
        ("gpu", VARIES, CLUSTER, "gpu", Address(CLUSTER.address, gpu=True)),
        ("cpu", SETTINGS, JOBS, "cpu", JOBS),
        ("auto", SETTINGS, JOBS, "cpu", JOBS),
        ("gpu", SETTINGS, JOBS, "gpu", Slurm(JOBS.folder, gpu=True)),
    ],
)
@pytest.mark.usefixtures("two_gpus")
def test_what_is_used(asked: str, settings: vm.Settings, place: Place, used: str, ready: Place) -> None:
    assert decide(asked, settings, place, 2) == (used, ready, "")


def test_gpus_are_counted_where_nobody_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(deciding, "look", lambda: Sight(2))
    assert decide("auto", SETTINGS, HERE, 1) == ("auto", ThisMachine(gpus=("0", "1")), "")


@pytest.mark.parametrize(
    "named, count, visible",
    [
        ("GPU-4b,GPU-5", 2, ("GPU-4b", "GPU-5")),
        ("MIG-4b, MIG-5,MIG-4b,", 1, ("MIG-4b", "MIG-5")),
        ("MIG-GPU-4b/1/0,MIG-GPU-4b/2/0", 1, ("MIG-GPU-4b/1/0", "MIG-GPU-4b/2/0")),
        ("0,MIG-5", 1, ("0",)),
        ("MIG-5", 0, ()),
    ],
)
def test_gpus_by_name_and_instances_of_them(
    monkeypatch: pytest.MonkeyPatch, named: str, count: int, visible: tuple[str, ...]
) -> None:
    """Of instances a process sees one, however many are named, and that one works."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    monkeypatch.setattr(deciding, "look", lambda: Sight(count))
    _, place, _ = decide("auto", SETTINGS, HERE, 1)
    assert place == ThisMachine(gpus=visible)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_gpu_that_is_not_there(tmp_path: Path, workers: int) -> None:
    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    with pytest.raises(vm.SettingsError, match=r"device 'gpu': .*; or use 'auto' or 'cpu'"):
        run_cohort(cohort, out, settings=FEW, workers=workers, device="gpu")
    assert not out.exists()
    with pytest.raises(vm.SettingsError, match="device 'gpu'"):
        estimate_cohort(cohort, settings=FEW, workers=workers, device="gpu")


def test_which_images_vary_is_what_their_operators_say() -> None:
    image = vm.Volume(np.zeros((20, 20, 20)), spacing=(1, 1, 1))
    form = Form(image.grid, image.dtype)
    names = ("square", "squareroot", "gradient", "wavelet", "lbp2d", *VARYING)
    kinds = vm.Settings.parse({"images": {name: {} for name in names}})
    varying = {
        name
        for name, kind in kinds.images.items()
        for chain in chains(kind, form, None).values()
        if any(one.exactness is Exactness.BOUND for one in chain)
    }
    assert varying == set(VARYING)


def test_the_device_is_part_of_what_tells_runs_apart_where_values_depend_on_it() -> None:
    for settings, is_so in ((SETTINGS, False), (VARIES, True)):
        plain, there = Extraction(settings), Extraction(settings, device="gpu")
        assert (plain.fingerprint != there.fingerprint) is is_so


def test_what_processes_see_is_asked_of_one_of_them(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look().count == 0
    assert "CuPy" in look().obstacle
    cupy = fake_cupy(HostDevice(plain))
    cupy.cuda.runtime.getDeviceCount = lambda: 3
    with installed(cupy):
        monkeypatch.setattr(computing, "_FOUND", [])
        assert Look().do(0, print) == {"count": 3, "obstacle": "", "fault": ""}


def test_a_look_that_crashes_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "find_spec", lambda name: name)
    assert look().count == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(deciding, "Look", lambda: Where(dies_on_gpu=True))
    assert look() == Sight.broken(CRASHED)


def test_a_look_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "find_spec", lambda name: name)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(deciding, "Look", Where)
    assert look().count == 0
    assert re.fullmatch(r"a mistake in Voxmill itself \(KeyError in .*\); report it", look().obstacle)
    monkeypatch.setattr(deciding, "Look", lambda: Extraction(SETTINGS))
    assert look().obstacle.startswith("cases cannot be loaded where they are to be done: ")


def test_tables_are_the_same_bytes_with_a_device(tmp_path: Path, device: HostDevice) -> None:
    cohort = write_cohort(tmp_path, 2)
    here = run_cohort(cohort, tmp_path / "cpu", settings=FEW, device="cpu")
    there = run_cohort(cohort, tmp_path / "gpu", settings=FEW, device="gpu")
    assert written(tmp_path / "gpu") == written(tmp_path / "cpu")
    cpu, gpu = told(tmp_path / "cpu"), told(tmp_path / "gpu")
    assert (cpu["device"], cpu["measured_on"]) == ("cpu", {"cpu": 2})
    assert (gpu["device"], gpu["measured_on"]) == ("gpu", {device.name: 2})
    assert gpu["measured_with"].pop("CuPy") == ["14.2.0"]
    assert cpu["measured_with"] == gpu["measured_with"]
    assert cpu["fingerprint"] == gpu["fingerprint"]
    assert "GPU" not in (tmp_path / "gpu" / "methods.md").read_text()
    assert f"measured: 2 cases on {device.name}" in _lines(there)
    assert not [line for line in _lines(here) if line.startswith("measured")]


def test_a_cohort_that_a_device_has_begun_goes_on_without(tmp_path: Path, device: HostDevice) -> None:
    cohort = write_cohort(tmp_path, 2)
    run_cohort(cohort, tmp_path / "out", settings=FEW, wanted=vm.Wanted(limit=1))
    again = run_cohort(cohort, tmp_path / "out", settings=FEW, device="cpu")
    assert again.progress.before == 1
    assert told(tmp_path / "out")["measured_on"] == {"cpu": 1, device.name: 1}


def test_what_was_done_on_another_device_is_set_aside_where_values_depend_on_it(
    tmp_path: Path, device: HostDevice
) -> None:
    cohort = write_cohort(tmp_path, 1)
    run_cohort(cohort, tmp_path / "out", settings=VARIES, device="cpu")
    again = run_cohort(cohort, tmp_path / "out", settings=VARIES, device="gpu")
    assert f"results of other settings or cases, of another version or device, are in {again.aside}" in _lines(again)
    assert told(tmp_path / "out")["measured_on"] == {device.name: 1}


def test_methods_name_the_gpu_that_values_depend_on(tmp_path: Path, device: HostDevice) -> None:
    run_cohort(write_cohort(tmp_path, 1), tmp_path / "out", settings=VARIES, device="gpu")
    said = f"Logarithms and exponentials of intensities were computed on a GPU ({device.name}): their last digit"
    assert said in (tmp_path / "out" / "methods.md").read_text()
    assert "GPU" not in methods(VARIES, Extent(1, 1, 0))


class Mistaken(HostDevice):
    """One that we ask for what it has not."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        raise KeyError("Mueller^Hans")


def test_a_mistake_of_ours_on_a_gpu_does_not_pass_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with registered(Mistaken()) as broken:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(broken)])
        done = run_cohort(write_cohort(tmp_path, 2), tmp_path / "out", settings=FEW, device="gpu")
    notes = [row["notes"] for row in rows_of(done.features)]
    assert len(notes) == 4
    assert all(note.startswith("computed on the CPU: a mistake in Voxmill itself (KeyError in") for note in notes)
    assert "Mueller" not in "".join(notes)
    (line,) = (one for one in _lines(done) if "on the CPU" in one)
    assert line.startswith("4 rows had to be computed on the CPU (a mistake in Voxmill itself (KeyError in")
    assert line.endswith(f"; report it): see column notes of {done.features}")
    assert told(tmp_path / "out")["measured_on"] == {"cpu": 2}
    record, *_ = read_ledger(tmp_path / "out" / "ledger")
    assert not Extraction(SETTINGS, device="gpu").spends(record)


def test_nothing_of_a_device_is_in_what_comes_of_a_case(tmp_path: Path, device: HostDevice) -> None:
    del device
    write_cohort(tmp_path, 1)
    found: list[Any] = []
    do = Extraction.do

    def noting(*given: Any) -> Any:  # noqa: ANN401
        found.append(do(*given))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Extraction, "do", noting)
        run_cohort(tmp_path / "cases.csv", tmp_path / "out", settings=FEW, device="gpu")
    assert found
    assert not [one for one in parts(found) if isinstance(one, np.ndarray | HostArray)]


def parts(value: object) -> Iterator[object]:
    """A result and all that is in it."""
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for one in inside:
        yield from parts(one)


def test_a_mix_of_workers_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPUs are none: what a process does that finds none is the same."""
    cohort = write_cohort(tmp_path)
    run_cohort(cohort, tmp_path / "here", settings=FEW)
    monkeypatch.setattr(deciding, "look", lambda: Sight(1))
    run_cohort(cohort, tmp_path / "mixed", settings=FEW, workers=1)
    assert written(tmp_path / "mixed") == written(tmp_path / "here")
    assert told(tmp_path / "mixed")["device"] == "gpu and cpu"


def test_rows_say_where_a_gpu_was_wanted_and_none_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "look", lambda: Sight(1))
    done = run_cohort(write_cohort(tmp_path, 1), tmp_path / "out", settings=FEW, workers=1, device="gpu")
    assert [row["notes"] for row in rows_of(done.features)] == [f"{NO_GPU_HERE}: {NOT_INSTALLED}"] * 2
    assert done.tally.on_cpu == {f"no GPU could be used: {NOT_INSTALLED}": 2}
    with monkeypatch.context() as hidden:
        hidden.setenv("CUDA_VISIBLE_DEVICES", "")
        assert Extraction(SETTINGS, device="gpu").notes == (f"{NO_GPU_HERE}: {UNSEEN}",)
    (record,) = read_ledger(tmp_path / "out" / "ledger")
    assert record.result["device"] == "cpu"
    assert estimate_cohort(tmp_path / "cases.csv", settings=FEW, workers=1, device="gpu").cases == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_says_why_it_uses_no_gpu_where_one_should_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(computing, "_FOUND", [FoundGPU(None, "no driver")])
    monkeypatch.setattr(deciding, "look", Sight.here)
    done = run_cohort(write_cohort(tmp_path, 1), tmp_path / "out", settings=FEW, workers=workers)
    assert "computed on the CPU: no driver" in _lines(done)
    assert (told(tmp_path / "out")["device"], told(tmp_path / "out")["gpu_fault"]) == ("cpu", "no driver")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    hidden = run_cohort(tmp_path / "cases.csv", tmp_path / "out", settings=FEW, workers=workers)
    assert not [line for line in _lines(hidden) if "on the CPU" in line]
    assert told(tmp_path / "out")["gpu_fault"] == ""


def test_of_several_reasons_the_commonest_is_told(tmp_path: Path) -> None:
    tally = Tally(rows=3, on_cpu=Counter(["broken", "no room", "no room"]))
    lines = list(_lines(CohortRun(tmp_path, Progress(), tally)))
    assert lines[-1].startswith("3 rows had to be computed on the CPU (no room; and for 1 other reason): see column")


def test_a_process_whose_gpu_has_failed_is_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, cohort = Extraction(SETTINGS, device="gpu"), write_cohort(tmp_path, 1)
    run_cohort(cohort, tmp_path / "whole", settings=FEW)
    (record,) = read_ledger(tmp_path / "whole" / "ledger")
    assert not job.spends(record)
    failed = computing.failure(RuntimeError("cudaErrorIllegalAddress"))
    monkeypatch.setattr(Extraction, "notes", (f"computed on the CPU: {failed}",))
    run_cohort(cohort, tmp_path / "broken", settings=FEW)
    (record,) = read_ledger(tmp_path / "broken" / "ledger")
    assert job.spends(record)


def test_for_want_of_memory_beside_others_a_case_is_tried_apart(tmp_path: Path) -> None:
    """That of this machine: of a GPU's, a case that had too little has had all."""
    job = Extraction(SETTINGS, device="gpu")
    (_, case), *_ = find_cohort(write_cohort(tmp_path, 1), vm.Wanted(), lambda: pytest.fail("it makes names"))

    def stages(error: Exception) -> list[Stage]:
        rows = [{"notes": f"one; {ON_CPU}{computing.failure(error)}"}]
        record = Record(job.key(case), job.name(case), Outcome.DONE, {"rows": rows})
        assert not job.spends(record)
        tries = Tries(job)
        tries.ended(case, SHARED, GPU, record)
        return [stage for stage in STAGES if list(tries.waiting(stage))]

    assert (stages(MemoryError()), stages(computing.RoomError("no room"))) == ([APART], [])


def test_cases_of_one_process_are_counted_together(tmp_path: Path, plain_program: Path) -> None:
    """Each has the rows that it has alone; the first has the process to itself."""
    cases, on = 1 + TOGETHER, ThisMachine(gpus=("0",))
    settings = vm.Settings.parse({"features": ["firstorder", "glcm", "glszm"]})
    found = find_cohort(write_cohort(tmp_path, cases), vm.Wanted(), lambda: pytest.fail("it makes names"))
    job = OnHost(settings, device="gpu", program=plain_program, crowd=TOGETHER)
    with opened(tmp_path / "there") as ledger:
        assert run(job, (case for _, case in found), ledger, workers=1, on=on).done == cases
    with opened(tmp_path / "here") as ledger:
        assert run(Extraction(settings), (case for _, case in found), ledger).done == cases
    there, here = ({one.key: one.result for one in read_ledger(tmp_path / name)} for name in ("there", "here"))
    assert {key: one["rows"] for key, one in there.items()} == {key: one["rows"] for key, one in here.items()}
    assert {one["device"] for one in there.values()} == {HostDevice.name}
    assert max(one["counted"] for one in there.values()) == 3
    assert {one["sharing"] for one in there.values()} == {TOGETHER}


@pytest.mark.parametrize("fate, said", [("die", NO_GPU_HERE), ("break", GPU_FAILED)])
def test_rows_do_not_depend_on_cases_that_share_the_gpu(
    tmp_path: Path, plain_program: Path, fate: str, said: str
) -> None:
    """Values and notes; what comes to grief says so itself, and in a table without it all is the same."""
    cohort = find_cohort(write_cohort(tmp_path, 4), vm.Wanted(), lambda: pytest.fail("it makes names"))
    cases = [case for _, case in cohort]
    unlucky = cases[1]

    def rows(name: str, some: Sequence[CohortCase]) -> dict[str, Any]:
        """By case; all but the first are under way at a time."""
        folder = tmp_path / name
        folder.mkdir()
        fates = Fates(folder, unlucky.name, fate, together=len(some) - 1)
        job = Unlucky(SETTINGS, device="gpu", program=plain_program, fates=fates)
        with opened(folder / "ledger") as ledger:
            assert run(job, some, ledger, workers=1, on=ThisMachine(gpus=("0",))).done == len(some)
        return {one.key: one.result["rows"] for one in read_ledger(folder / "ledger")}

    found = rows("with", cases)
    own = found.pop(Extraction(SETTINGS).key(unlucky))
    assert found == rows("without", [case for case in cases if case is not unlucky])
    assert all(row["notes"].startswith(said) for row in own)
