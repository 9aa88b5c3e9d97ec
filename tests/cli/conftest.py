"""`voxmill run`, called in this process."""

import sys
from pathlib import Path

import pytest

from run_command import Command
from voxmill.cli import main
from voxmill_kernels.jit import KernelCache

FEW = "features: {firstorder: [Mean], glcm: [Contrast]}\n"


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process unless it says otherwise: its exit code, what it wrote and what it said."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    monkeypatch.setattr(KernelCache, "is_cold", False)

    def run(*arguments: object) -> tuple[object, str, str]:
        if not {"-j", "--scheduler"} & set(arguments):
            arguments = (*arguments, "-j", 0)
        monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(FEW)
    return path
