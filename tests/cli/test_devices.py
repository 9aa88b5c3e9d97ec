"""`voxmill devices`: which GPUs there are, what is used, and why."""

import sys
from pathlib import Path

import pytest

from cuda_host import HostDevice, HostProcess
from fake_cupy import fake_cupy, installed
from voxmill import computing
from voxmill.cli import main
from voxmill.cohort import device as deciding
from voxmill.cohort.device import CRASHED, Sight


@pytest.fixture(autouse=True)
def nothing_found_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "_FOUND", [])
    monkeypatch.setattr(deciding, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "argv", ["voxmill", "devices"])


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    return capsys.readouterr().out.splitlines()


def test_a_gpu_that_works(plain: HostProcess, capsys: pytest.CaptureFixture[str]) -> None:
    with installed(fake_cupy(HostDevice(plain))):
        heads, gpu, versions, used = said(capsys)
    assert heads.split() == ["gpu", "name", "compute", "capability", "memory"]
    assert gpu.split() == ["0", "Threads", "of", "this", "machine", "9.0", "6.0", "GB"]
    assert versions == "CuPy 14.2.0 for CUDA 13.2, driver for CUDA 13.1"
    assert used == "--device auto computes on gpu 0, Threads of this machine"


def test_a_gpu_that_does_not_work(capsys: pytest.CaptureFixture[str]) -> None:
    with installed(fake_cupy(HostDevice(None))):
        *_, used = said(capsys)
    assert used.startswith("--device auto computes on the CPU: the GPU does not work (AssertionError")


def test_a_look_for_gpus_that_crashes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], no_look_for_gpus: None
) -> None:
    """Another process does it first."""
    monkeypatch.setattr(deciding, "look", lambda: Sight.broken(CRASHED))
    assert said(capsys) == [f"no GPU can be used: {CRASHED}; until then, use --device cpu"]


def test_no_cupy(capsys: pytest.CaptureFixture[str]) -> None:
    with installed(None):
        (used,) = said(capsys)
    assert used.startswith("--device auto computes on the CPU: CuPy, which computes on GPUs, is not installed; pip ")


def test_an_empty_variable_comes_before_a_cupy_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with installed(None):
        (used,) = said(capsys)
    hidden, _, absent = used.partition("; then: ")
    assert hidden.startswith(
        "--device auto computes on the CPU: CUDA_VISIBLE_DEVICES is '' and leaves no GPU to be seen"
    )
    assert absent.startswith("CuPy, which computes on GPUs, is not installed; pip install")


def test_two_versions_of_cupy_side_by_side(
    plain: HostProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "distributions", lambda name: [name])
    with installed(fake_cupy(HostDevice(plain))):
        *_, both, used = said(capsys)
    assert both.startswith("cupy-cuda12x and cupy-cuda13x are both installed, whose files take each other's place: pip")
    assert "pip uninstall cupy-cuda12x cupy-cuda13x, and pip install 'voxmill[gpu]'" in both
    assert used == "--device auto computes on gpu 0, Threads of this machine"


def test_what_is_in_the_way_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cupy.py").write_text("raise ImportError('wrong kind')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.delitem(sys.modules, "voxmill_kernels.cuda.launch", raising=False)
    monkeypatch.setattr(computing, "distributions", lambda name: [name])
    (used,) = said(capsys)
    assert used.count("are both installed") == 1
