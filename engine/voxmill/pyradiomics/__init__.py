"""PyRadiomics' own Python interface on this engine: change the line that imports it, and a script goes on.

    import voxmill.pyradiomics as radiomics
    from voxmill.pyradiomics import featureextractor

In: what scripts give to PyRadiomics 3.0.1. Out: its keys, in its order, with its types. A thin translation onto
`voxmill.extract`; may import all of voxmill but the command line. Not here: maps of voxels, filtered images one by one,
downloads of test cases, the schema of parameter files; each says so when it is asked for.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voxmill._version import __version__ as _engine
from voxmill.pyradiomics import (
    base,
    featureextractor,
    firstorder,
    glcm,
    gldm,
    glrlm,
    glszm,
    imageoperations,
    ngtdm,
    shape,
    shape2D,
)
from voxmill.pyradiomics.classes import CLASSES
from voxmill.pyradiomics.errors import NotHereError, ParameterFileError, RadiomicsError
from voxmill.pyradiomics.logs import handler, logger, setVerbosity
from voxmill.pyradiomics.progress import Silent
from voxmill.pyradiomics_keys import IMAGE_TYPES

__all__ = [
    "base",
    "featureextractor",
    "firstorder",
    "getFeatureClasses",
    "getImageTypes",
    "getParameterValidationFiles",
    "getProgressReporter",
    "getTestCase",
    "glcm",
    "gldm",
    "glrlm",
    "glszm",
    "handler",
    "imageoperations",
    "logger",
    "ngtdm",
    "setVerbosity",
    "shape",
    "shape2D",
]

__version__ = f"3.0.1+voxmill.{_engine}"
"""The version of PyRadiomics that this answers as, and that of the engine."""

debugging = True
"""There because PyRadiomics has it; it has no effect there either."""
progressReporter: Callable[..., Any] | None = None
"""What `getProgressReporter` gives; nothing here takes long enough to call it."""
testCases = ("brain1", "brain2", "breast1", "lung1", "lung2", "test_wavelet_64x64x64", "test_wavelet_37x37x37")


def getFeatureClasses() -> dict[str, type[base.RadiomicsFeaturesBase]]:
    """The feature classes by the name of their module."""
    return dict(CLASSES)


def getImageTypes() -> list[str]:
    """The names of the image types."""
    return sorted(IMAGE_TYPES)


def getProgressReporter(*args: Any, **kwargs: Any) -> Any:
    """A `progressReporter` of these arguments, where one is set and INFO is printed; else one that shows nothing."""
    if progressReporter is not None and logging.NOTSET < handler.level <= logging.INFO:
        return progressReporter(*args, **kwargs)
    return Silent(*args, **kwargs)


def getTestCase(testCase: str, dataDirectory: str | Path | None = None) -> tuple[str, str]:
    """The paths of image and mask of one of PyRadiomics' test cases, where they lie in a folder already.

    The folder is <temporary files>/pyradiomics/data unless it is given. Raises RadiomicsError (a ValueError) for a case
    that does not exist, ParameterFileError (an OSError) for files that are not there: nothing is downloaded.
    """
    name, flat, _ = testCase.lower().partition("_2d")
    if name not in testCases:
        raise RadiomicsError(f"unknown test case {testCase!r}; known: {', '.join(testCases)}")
    folder = Path(tempfile.gettempdir(), "pyradiomics", "data") if dataDirectory is None else Path(dataDirectory)
    paths = folder / f"{name}_image.nrrd", folder / f"{name}_label{'_2D' if flat else ''}.nrrd"
    for path in paths:
        if not path.is_file():
            raise ParameterFileError(
                f"{path.name}: not in the folder of test cases, and nothing is downloaded here; get it from "
                "https://github.com/Radiomics/pyradiomics/releases/tag/v1.0, or name its folder with dataDirectory"
            )
    return str(paths[0]), str(paths[1])


def getParameterValidationFiles() -> tuple[str, str]:
    """Raises NotHereError: there is no such schema here."""
    raise NotHereError(
        "getParameterValidationFiles: parameter files are checked without a schema here; use "
        "voxmill.Settings.from_pyradiomics"
    )
