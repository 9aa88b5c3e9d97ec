"""`voxmill devices`: which GPUs there are, what is used, and why."""

import sys

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
