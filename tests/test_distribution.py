"""A source distribution holds what README's commands need."""

import fnmatch
import subprocess
import tomllib
from pathlib import Path

import pytest

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
