"""Programs of other people that tests compare with, where they are installed (Debian has them)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require_program(name: str) -> str:
    """The path of a program; without it the test is skipped, or fails where VOXMILL_REQUIRE_ORACLE is 1."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("VOXMILL_REQUIRE_ORACLE") == "1":
            pytest.fail(f"VOXMILL_REQUIRE_ORACLE=1, and {name} is not installed")
        pytest.skip(f"{name} is not installed (apt-get install plastimatch dicom3tools dcmtk)")
    return found


def errors_in(path: Path) -> list[str]:
    """What dciodvfy finds wrong with a DICOM file."""
    done = subprocess.run([require_program("dciodvfy"), str(path)], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    assert said  # it names the kind of object at least
    return [line for line in said if line.startswith("Error")]
