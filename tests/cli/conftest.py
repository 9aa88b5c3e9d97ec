"""`voxmill run`, called in this process."""

from pathlib import Path

import pytest

from run_command import Command, Ended, call
from voxmill_kernels.jit import KernelCache

FEW = "features: {firstorder: [Mean], glcm: [Contrast]}\n"


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process unless it says otherwise: its exit code, what it wrote and what it said."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    monkeypatch.setattr(KernelCache, "is_cold", False)

    def run(*arguments: object) -> Ended:
        if not {"-j", "--scheduler"} & set(arguments):
            arguments = (*arguments, "-j", 0)
        return call(arguments, monkeypatch, capsys)

    return run


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(FEW)
    return path
