"""What a run was made with: software and machine."""

import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from voxmill._version import __version__

PACKAGES: Mapping[str, str] = {
    "NumPy": "numpy",
    "Numba": "numba",
    "SimpleITK": "simpleitk",
    "PyWavelets": "pywavelets",
    "PyArrow": "pyarrow",
    "pydicom": "pydicom",
    "zarr": "zarr",
}
"""Packages that values, or files of them, may depend on, by the names that they go by."""


@cache
def versions() -> Mapping[str, str]:
    """The versions of Voxmill, of Python and of these packages."""
    packages = {name: version(package) for name, package in PACKAGES.items()}
    return {"Voxmill": __version__, "Python": platform.python_version(), **packages}


def machine() -> dict[str, object]:
    """The kind of machine; neither its name nor its address."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}
