"""Voxmill: radiomics features from medical images, PyRadiomics' values at the cost of the region of interest.

    import voxmill as vm
    table = vm.extract("ct.nrrd", "segmentation.nrrd")

The names below are loaded at their first use, so that importing the package costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING

from voxmill._version import __version__

if TYPE_CHECKING:
    from voxmill.cohort import Forms, Limits, Wanted, extract_store, run_cohort
    from voxmill.conversion import convert
    from voxmill.errors import InputError, OutputError, RegionError, SettingsError, VoxmillError
    from voxmill.extraction import extract
    from voxmill.grid import Grid, Window
    from voxmill.io import read_image, read_mask, write_image, write_mask
    from voxmill.measuring_settings import Discretise
    from voxmill.segments import Segment
    from voxmill.settings import Components, Settings
    from voxmill.steps import Crop, Normalise, Resample, Resegment
    from voxmill.store import open_store
    from voxmill.table import Row, Table
    from voxmill.volume import Mask, Volume

_PLACES = {
    "extract": "extraction",
    "read_image": "io",
    "read_mask": "io",
    "write_image": "io",
    "write_mask": "io",
    "convert": "conversion",
    "open_store": "store",
    "extract_store": "cohort",
    "run_cohort": "cohort",
    "Forms": "cohort",
    "Limits": "cohort",
    "Wanted": "cohort",
    "Components": "settings",
    "Discretise": "measuring_settings",
    "Settings": "settings",
    "Crop": "steps",
    "Normalise": "steps",
    "Resample": "steps",
    "Resegment": "steps",
    "Row": "table",
    "Table": "table",
    "Grid": "grid",
    "Mask": "volume",
    "Segment": "segments",
    "Volume": "volume",
    "Window": "grid",
    "InputError": "errors",
    "OutputError": "errors",
    "RegionError": "errors",
    "SettingsError": "errors",
    "VoxmillError": "errors",
}

__all__ = [
    "Components",
    "Crop",
    "Discretise",
    "Forms",
    "Grid",
    "InputError",
    "Limits",
    "Mask",
    "Normalise",
    "OutputError",
    "RegionError",
    "Resample",
    "Resegment",
    "Row",
    "Segment",
    "Settings",
    "SettingsError",
    "Table",
    "Volume",
    "VoxmillError",
    "Wanted",
    "Window",
    "__version__",
    "convert",
    "extract",
    "extract_store",
    "open_store",
    "read_image",
    "read_mask",
    "run_cohort",
    "write_image",
    "write_mask",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'voxmill' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"voxmill.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
