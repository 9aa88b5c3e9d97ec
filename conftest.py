"""Fixtures for every test: the public reference data, and PyRadiomics as the oracle.

Both may be absent: what needs them is then skipped, unless VOXMILL_REQUIRE_ORACLE says that they must be there.
"""

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

ORACLE_REQUIRED = os.environ.get("VOXMILL_REQUIRE_ORACLE") == "1"


def _absent(what: str) -> None:
    if ORACLE_REQUIRED:
        pytest.fail(f"{what}, and VOXMILL_REQUIRE_ORACLE=1 asks for it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of public reference data, from VOXMILL_REFERENCE_DATA."""
    folder = os.environ.get("VOXMILL_REFERENCE_DATA", "")
    if not folder or not Path(folder).is_dir():
        _absent("no reference data: VOXMILL_REFERENCE_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def radiomics() -> ModuleType:
    """PyRadiomics, quiet."""
    try:
        module = importlib.import_module("radiomics")
        importlib.import_module("radiomics.featureextractor")
    except ImportError as error:
        _absent(f"PyRadiomics is not installed ({error})")
    module.setVerbosity(60)
    return module
