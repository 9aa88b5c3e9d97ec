"""Programs of other people that tests compare with: Debian's packages dcm2niix, dicom3tools, dcmtk and plastimatch."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program; a test that needs it is skipped without it, or fails where every oracle is asked for."""
    path = shutil.which(name)
    if path is None:
        skip(f"{name} is not installed (Debian: apt-get install dcm2niix dicom3tools dcmtk plastimatch)")
    return path


def skip(missing: str) -> NoReturn:
    """Skip the test for what is missing, or let it fail where every oracle is asked for."""
    if os.environ.get("VOXMILL_REQUIRE_ORACLE") == "1":
        pytest.fail(f"VOXMILL_REQUIRE_ORACLE=1, and {missing}")
    pytest.skip(missing)


def run(*command: str | Path) -> str:
    """What a program says."""
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def errors_in(path: Path) -> list[str]:
    """What dciodvfy finds wrong with a DICOM file."""
    said = run(program("dciodvfy"), path).splitlines()
    assert said  # it names the kind of object at least
    return [line for line in said if line.startswith("Error")]
