"""A source distribution holds what README's commands need; extras are what sentences say they are."""

import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from voxmill.computing import INSTALL

ROOT = Path(__file__).parents[1]
ALWAYS_THERE = {"pyproject.toml"}


def test_all_that_is_tracked_is_in_it() -> None:
    """What is at the root, or the folder there: what else lies in the working copy is nobody's business."""
    if not (ROOT / ".git").exists():
        pytest.skip("no clone")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    tracked = {name.split("/")[0] for name in listed} - ALWAYS_THERE
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert tracked
    assert {name for name in tracked if not any(fnmatch.fnmatch(f"/{name}", pattern) for pattern in patterns)} == set()


def test_what_brings_cupy_can_be_installed() -> None:
    """One extra for each CUDA, each with the run-time compiler and the headers of the same, and never both.

    CuPy compiles nothing without the headers of CUDA's runtime.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["project"]["optional-dependencies"]
    named = re.findall(r"'voxmill\[(\S+)\]' \(CUDA (\d+)\)", INSTALL)
    assert len(named) == 2
    for extra, cuda in named:
        cupy, *parts = extras[extra]
        assert cupy.startswith(f"cupy-cuda{cuda}x>=")
        for part, wanted in zip(parts, ("nvrtc", "runtime"), strict=True):
            assert part.startswith(f"nvidia-cuda-{wanted}{'' if cuda == '13' else f'-cu{cuda}'}>={cuda}")
            assert part.endswith(f"<{int(cuda) + 1}")
    assert [{"extra": extra} for extra, _ in named] in settings["tool"]["uv"]["conflicts"]
