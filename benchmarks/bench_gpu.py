"""What gpu.py does, once on tiny workloads, on threads of this machine in place of a GPU; clocks are not looked at."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gpu
import records
from cuda_host import PLAIN, HostArray, HostDevice, HostProcess, build, common, running
from fake_cupy import LAUNCH, FakeKernel, fake_cupy, installed
from gpu_parts import cases, lacking, sanitizing
from gpu_parts.bench import FULL, QUICK, WHOLE, Bench, Row, all_rows, attempt, compared
from gpu_parts.clock import Took
from gpu_parts.floors import SOURCE, Floors, Needs
from gpu_parts.images import CUBIC, LINEAR, one_mm
from gpu_parts.lacking import WANTED, left_out
from gpu_parts.made import case
from gpu_parts.regions import COUNTED, RATE, SUMMED, what
from gpu_parts.same import differing
from gpu_parts.sanitizing import PROGRAM, sanitized
from gpu_parts.targets import TARGETS, verdicts
from nvrtc import compile_cubin, require_compiler
from voxmill import computing
from voxmill_kernels.array import device_of, register
from voxmill_kernels.types import Array

SAID = ("clean", "NOT clean, or a comparison failed: see above")


class FakeCupy(ModuleType):
    """As much of CuPy as measuring takes: the fake one that launches, events 2 ms apart, NumPy for the rest."""

    def __init__(self, device: HostDevice) -> None:
        super().__init__("cupy")
        launching = fake_cupy(device)
        vars(self).update(vars(launching), __version__="fake")
        runtime = SimpleNamespace(**vars(launching.cuda.runtime) | RUNTIME)
        self.cuda = SimpleNamespace(**vars(launching.cuda) | {"runtime": runtime})
        self.cuda.get_elapsed_time = lambda _begin, _end: 2.0
        self.RawModule = lambda **_code: SimpleNamespace(compile=lambda: None, get_function=partial(_kernel, device))
        self.RawKernel = lambda *_code, **_given: lambda *_launch: None

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)


RUNTIME = {"getDeviceProperties": lambda _device: {"name": b"threads of this machine"}}


def _kernel(device: HostDevice, name: str) -> FakeKernel:
    """A kernel that tells what a thread of its holds."""
    found = FakeKernel(device, name)
    vars(found).update(num_regs=40, local_size_bytes=0)
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(common(tmp_path_factory, "plain"), PLAIN)


@pytest.fixture
def device(program: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostProcess]:
    """A process in the place of a GPU, which CuPy sees."""
    before = device_of(np.zeros(1).view(HostArray))
    with running(program) as process, installed(FakeCupy(HostDevice(process))):
        monkeypatch.setattr(computing, "_FOUND", [])
        importlib.import_module(LAUNCH)
        yield process
    if before is not None:
        register(HostArray, before, np)


def test_every_part_gives_rows(
    device: HostProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(records, "RECORDS", tmp_path)
    gpu.main(["--quick", "--record", "--threads", "2"])
    (path,) = tmp_path.glob("*-gpu.json")
    record = json.loads(path.read_text())
    rows = [Row(**row) for row in record["rows"]]
    assert {row.part for row in rows} == set(gpu.PARTS)
    assert record["device"] == "threads of this machine"
    assert record["targets"] == verdicts(rows)
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line in set(map(str, rows))] == list(map(str, rows))
    assert [(row.what, row.note) for row in rows if row.failed] == []
    foreseen = {(part, one.module) for one in WANTED for part in one.rows} | {("volumes", "cupyx")}  # of the real CuPy
    assert {(row.part, row.note.split()[2]) for row in rows if row.note.startswith("not measured: ")} <= foreseen
    assert [line for line in printed if "left out" in line] == list(left_out(gpu.PARTS))[:-1]


def test_parts_come_into_one_record_and_a_run_that_is_cut_short_leaves_its_rows(
    device: HostProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Parts that are measured again replace what was measured of them; with other numbers of threads all is anew."""
    monkeypatch.setattr(records, "RECORDS", tmp_path)

    def rows(*arguments: str) -> list[tuple[str, str]]:
        with suppress(KeyboardInterrupt):
            gpu.main(["--quick", "--record", "--parts", *arguments])
        (path,) = tmp_path.iterdir()
        return [(row["part"], row["what"]) for row in json.loads(path.read_text())["rows"]]

    def row(part: str, what: str, *, broken: bool = False) -> None:
        def made(_bench: Bench) -> Iterator[Row]:
            yield Row(part, what, {"ms": 1.0})
            if broken:
                raise KeyboardInterrupt

        monkeypatch.setitem(gpu.PARTS, part, made)

    row("build", "first")
    row("check", "second", broken=True)
    build, check = [("build", "first"), ("build", WHOLE)], [("check", "second"), ("check", WHOLE)]
    assert rows("build", "check") == [*build, check[0]]
    row("check", "second")
    assert rows("check") == [*build, *check]
    assert rows("build") == [*check, *build]
    assert rows("build", "--threads", "99") == build


def test_what_is_left_out_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lacking, "find_spec", lambda module: None if module in ("pydantic", "torch") else module)
    assert list(left_out(["check"])) == []
    assert list(left_out(["cases", "volumes"])) == [
        "left out without pydantic: cases: all",
        "left out without torch: volumes: torch",
        "to have them: pip install pydantic torch",
    ]


@pytest.mark.parametrize("cuda", [12, 13])
def test_what_is_to_be_installed_goes_with_the_cuda_that_is_there(monkeypatch: pytest.MonkeyPatch, cuda: int) -> None:
    """Of another CUDA, it brings that one's CuPy, and neither works any more."""
    monkeypatch.setattr(lacking, "find_spec", lambda module: None if module == "cucim" else module)
    assert list(left_out(["volumes"], cuda=cuda)) == [
        f"left out without cucim-cu{cuda}: volumes: cuCIM",
        f"to have them: pip install cucim-cu{cuda}",
    ]


def test_without_a_device_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", os.devnull)
    monkeypatch.setattr(computing, "_FOUND", [])
    with installed(None):
        assert gpu.main([]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "nothing is measured: CuPy, which computes on GPUs, is not installed; pip install 'voxmill[gpu]'"
    )
    assert line.endswith("cupy-cuda13x nvidia-cuda-nvrtc nvidia-cuda-runtime")
    assert "cupy-cuda12x nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12" in line


@pytest.mark.parametrize(
    "broken, said",
    [
        (ModuleType("cupy"), "CuPy cannot be loaded (AttributeError: module 'cupy' has no attribute"),
        (FakeCupy(HostDevice(None)), "the GPU does not work (AssertionError"),
    ],
)
def test_a_device_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: ModuleType, said: str
) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", os.devnull)
    monkeypatch.setattr(computing, "_FOUND", [])
    with installed(broken):
        assert gpu.main([]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nothing is measured: {said}")


def test_kernels_are_compiled_anew(device: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that were compiled to prove the device."""
    bench = Bench(importlib.import_module(LAUNCH).gpu(), sys.modules["cupy"], QUICK, 1)
    compiled: list[str] = []
    make = bench.cupy.RawModule

    def noting(**given: Any) -> Any:  # noqa: ANN401 - what CuPy takes and gives
        compiled.append(given["code"])
        return make(**given)

    monkeypatch.setattr(bench.cupy, "RawModule", noting)
    rows = [*all_rows({"build": gpu.PARTS["build"]}, bench), *all_rows({"build": gpu.PARTS["build"]}, bench)]
    assert len(set(compiled)) == len(compiled) == sum("kernels" in row.figures for row in rows)


def test_a_machine_without_git_has_a_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert records.surroundings()["commit"] == ""


def test_what_differs_is_told() -> None:
    one = [np.array([1.0, 2.0]), [np.int64(3), (np.zeros(2),)]]
    assert differing(one, one) == (3, [])
    arrays, (apart, missing) = differing(one, [np.array([1.0, 2.5]), [np.int64(3)]])
    assert (arrays, missing) == (3, "float64 (2,) for nothing")
    assert apart.startswith("1 of 2 numbers, at 1 ")
    assert differing([np.float32(1)], [np.float64(1)])[1] == ["float32 () for float64 ()"]


def test_the_floor_is_what_takes_longest() -> None:
    floors = Floors(memory=10.0, atomics=1.0, arithmetic=100.0)
    assert floors.of(Needs(bytes=20, operations=100, atomics=1)) == (2.0, "memory")
    assert floors.figures(Took(4.0, late=0.0), Needs(bytes=1e6, operations=1e9, atomics=0)) == {
        "ms": 4e3,
        "MB": 1.0,
        "times the floor (arithmetic)": 4e-7,
    }


def test_targets_are_met_or_missed_or_not_measured() -> None:
    counted = Row("regions", what(COUNTED, 1_000_000, 1), {"ms": 0.7})
    summed = [Row("regions", what(SUMMED, 10_000, n), {RATE: rate}) for n, rate in ((1, 90.0), (64, 900.0))]
    failed = Row("regions", what(SUMMED, 10_000, 2048), note="MemoryError: no more", failed=True)
    lines = verdicts([counted, *summed, failed])
    assert len(lines) == len(TARGETS) + 1
    assert [line for line in lines if not line.startswith("not measured")] == [
        "MISSED        10,000 voxels: regions/s, all texture counts and sums: 900 (at least 50,000)",
        "met           1,000,000 voxels: ms for texture counts of one region: 0.7 (at most 1)",
        "MISSED        equal to the CPU's in 0 comparisons; 1 rows failed",
    ]


def test_targets_name_rows_that_the_full_run_has() -> None:
    assert 10_000 in FULL.batches
    assert 1 in FULL.batches[1_000_000]


def test_the_full_run_measures_small_regions_alone_from_image_to_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "attempt", lambda part, what, work: Row(part, what))
    monkeypatch.setattr(cases, "compared", lambda part, what, found, expected: Row(part, what))
    measured = {row.what for row in cases.measure(Bench(HostDevice(None), sys.modules, FULL, 1))}
    alone = {cases.what(device, "original", 1, n) for device in ("gpu", "cpu") for n in (1_000, 10_000, 100_000)}
    assert alone <= measured


def test_an_array_that_differs_and_a_part_that_fails_are_rows(device: HostProcess) -> None:
    def part(bench: Bench) -> Iterator[Row]:
        yield compared("check", "numbers", lambda: np.ones(3), lambda: np.zeros(3))
        raise MemoryError("no more")

    bench = Bench(importlib.import_module(LAUNCH).gpu(), sys.modules["cupy"], QUICK, 1)
    differs, rest, whole = all_rows({"check": part}, bench)
    assert str(differs).endswith(
        "FAILED: AssertionError: 1 of 1 arrays differ from the CPU's; the first: "
        "3 of 3 numbers, at 0 np.float64(1.0) for np.float64(0.0)"
    )
    assert rest.failed
    assert rest.note == "MemoryError: no more"
    assert (whole.what, set(whole.figures)) == ("the whole part", {"s"})


def test_what_is_not_installed_is_a_row_and_no_failure() -> None:
    row = attempt("others", "a tool", lambda: importlib.import_module("no_such_tool").measured())
    assert row == Row("others", "a tool", note="not measured: no_such_tool is not installed")


class FakeTool(SimpleNamespace):
    """In the place of fastrad, of flash-radiomics and of whatever of theirs is called: it keeps what it is given."""

    def __getattr__(self, name: str) -> "FakeTool":
        return self

    def __call__(self, *_: object, **given: object) -> "FakeTool":
        vars(self).update(given)
        return self


@pytest.mark.parametrize("tool, option", [("fastrad", "device"), ("flash_radiomics", "backend")])
def test_others_are_asked_for_cuda(monkeypatch: pytest.MonkeyPatch, tool: str, option: str) -> None:
    fake = FakeTool(detect_backends=lambda: {"cuda": True})
    for name in (tool, "torch"):
        monkeypatch.setitem(sys.modules, name, fake)
    adapter = f"peers.{tool}"
    monkeypatch.delitem(sys.modules, adapter, raising=False)
    assert importlib.import_module(adapter).cuda(case(60))() is fake
    monkeypatch.delitem(sys.modules, adapter)
    assert vars(fake)[option] == "cuda"


def test_without_a_device_flash_radiomics_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flash_radiomics", FakeTool(detect_backends=lambda: {"cuda": False}))
    monkeypatch.delitem(sys.modules, "peers.flash_radiomics", raising=False)
    module = importlib.import_module("peers.flash_radiomics")
    monkeypatch.delitem(sys.modules, "peers.flash_radiomics")
    with pytest.raises(RuntimeError, match="sees no CUDA device"):
        module.cuda(case(60))


def test_no_more_than_numpy_numba_and_scipy_is_imported() -> None:
    absent = ("pydantic", "yaml", "pywt", "SimpleITK", "pytest", "hypothesis", "cupy", "torch")
    script = f"""if True:
        import runpy, sys
        sys.modules.update(dict.fromkeys({absent}))
        sys.argv, sys.path = ["gpu.py"], [{str(Path(gpu.__file__).parent)!r}, *sys.path]
        runpy.run_path({gpu.__file__!r}, run_name="__main__")
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("nothing is measured: CuPy, which computes on GPUs, is not installed")


def test_images_are_measured_with_no_more_and_cases_say_what_they_need() -> None:
    absent = ("pydantic", "yaml", "pywt", "SimpleITK", "cupy", "torch")
    script = f"""if True:
        import sys
        sys.modules.update(dict.fromkeys({absent}))
        sys.path.insert(0, {str(Path(gpu.__file__).parent)!r})
        from gpu_parts import bench, cases, images, made
        for work in images.works():
            work.prepare((5, 6, 7), images.here)()
        for settings in cases.SETTINGS.values():
            print(bench.attempt("", "", lambda: cases.extracted(made.case(60), settings, "cpu")).note)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["not measured: pydantic is not installed"] * 2


def test_lines_lie_on_the_device_before_they_are_measured(device: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.import_module(LAUNCH).gpu()
    calls = [work.prepare((5, 6, 7), there.upload) for work in (LINEAR, CUBIC)]
    upload, sent = type(there).upload, list[int]()

    def noting(self: object, array: Array) -> Any:  # noqa: ANN401 - a buffer
        sent.append(array.nbytes)
        return upload(self, array)

    monkeypatch.setattr(type(there), "upload", noting)
    for call in calls:
        call()
    assert max(sent) < one_mm((5, 6, 7)).starts.nbytes


@pytest.mark.skipif(os.name != "posix", reason="the program is a script of a shell")
@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("asked, tools", [([], ("memcheck", "racecheck")), (["racecheck"], ("racecheck",))])
def test_the_sanitizer_is_run_by_each_tool_that_is_asked_for(
    device: HostProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    code: int,
    asked: list[str],
    tools: tuple[str, ...],
) -> None:
    program = tmp_path / PROGRAM
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit {code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.main(["--quick", "--sanitize", *asked]) == code
    ran = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[:2] for line in ran] == [["--tool", tool] for tool in tools]
    assert all(line.endswith("gpu.py --parts check --without-pool --quick") for line in ran)
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{tool}: {SAID[code]}" for tool in tools]


def test_without_the_sanitizer_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sanitizing, "PLACES", "")
    assert sanitized(Path("gpu.py"), ["memcheck"], quick=False) == 1
    assert "comes with the CUDA toolkit" in capsys.readouterr().err


def test_floors_are_measured_by_kernels_that_compile() -> None:
    require_compiler()
    _, usages = compile_cubin(SOURCE.read_text(), "sm_90", ("--std=c++17",))
    assert set(usages) == {"floor_of_atomics", "floor_of_arithmetic"}
