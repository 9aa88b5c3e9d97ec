"""Fixtures for every test: the public reference data, and PyRadiomics as the oracle; and how hypothesis draws.

Both may be absent: what needs them is then skipped. But PyRadiomics must be there when VOXMILL_REQUIRE_ORACLE is 1, and
the reference data when VOXMILL_REFERENCE_DATA names a folder.
"""

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# No deadline: the first call of a kernel compiles it. In CI (CI=true) the same examples every time, so that no change
# fails on what it has not touched.
settings.register_profile("voxmill", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("voxmill")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of public reference data, from VOXMILL_REFERENCE_DATA."""
    folder = os.environ.get("VOXMILL_REFERENCE_DATA")
    if not folder:
        pytest.skip("no reference data: VOXMILL_REFERENCE_DATA is not set")
    if not Path(folder).is_dir():
        pytest.fail("VOXMILL_REFERENCE_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def radiomics() -> ModuleType:
    """PyRadiomics, quiet."""
    try:
        module = importlib.import_module("radiomics")
        importlib.import_module("radiomics.featureextractor")
    except ImportError as error:
        if os.environ.get("VOXMILL_REQUIRE_ORACLE") == "1":
            pytest.fail(f"VOXMILL_REQUIRE_ORACLE=1, and PyRadiomics is not installed ({error})")
        pytest.skip(f"PyRadiomics is not installed ({error})")
    module.setVerbosity(60)
    return module
