"""What is skipped and what fails when the reference data or PyRadiomics is missing; how hypothesis draws."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
from hypothesis import settings

def test_data(reference_data): pass
def test_oracle(radiomics): pass
def test_hypothesis():
    assert settings().deadline is None
    assert not settings().derandomize
"""
WITHOUT_PYRADIOMICS = "import sys; sys.modules['radiomics'] = None"


def outcomes(folder: Path, **environment: str) -> dict[str, str]:
    """Name → outcome of the tests above in a process without PyRadiomics."""
    (folder / "test_fixtures.py").write_text(TESTS)
    (folder / "without_pyradiomics.py").write_text(WITHOUT_PYRADIOMICS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST_", "VOXMILL_"))}
    configuration = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "-o",
        "pythonpath=",
    ]  # where tests lie, there is another conftest
    plugins = ["-p", "no:cacheprovider", "-p", "without_pyradiomics", "-p", "conftest"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", *configuration, *plugins, folder / "test_fixtures.py"],
        env={**kept, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split("::")[1].split() for line in done.stdout.splitlines() if "::" in line and "%]" in line]
    assert lines, done.stdout + done.stderr
    return {words[0].removeprefix("test_"): words[1] for words in lines}


def test_nothing_is_asked_for(tmp_path: Path) -> None:
    assert outcomes(tmp_path) == {"data": "SKIPPED", "oracle": "SKIPPED", "hypothesis": "PASSED"}


def test_the_oracle_is_asked_for(tmp_path: Path) -> None:
    """Which says nothing of the reference data: a clone elsewhere has none."""
    found = outcomes(tmp_path, VOXMILL_REQUIRE_ORACLE="1", VOXMILL_REFERENCE_DATA="")
    assert (found["data"], found["oracle"]) == ("SKIPPED", "ERROR")


@pytest.mark.parametrize("there", ["there", "gone"])
def test_reference_data_is_named(tmp_path: Path, there: str) -> None:
    (tmp_path / "there").mkdir()
    found = outcomes(tmp_path, VOXMILL_REFERENCE_DATA=str(tmp_path / there))
    assert found["data"] == {"there": "PASSED", "gone": "ERROR"}[there]


def test_in_ci_the_examples_are_always_the_same(tmp_path: Path) -> None:
    assert outcomes(tmp_path, CI="true")["hypothesis"] == "FAILED"
