"""Settings: what is measured, and how. Profiles are data: named values for them."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from voxmill.errors import SettingsError, nearest
from voxmill.pyradiomics_parameters import SECTIONS, translate
from voxmill_kernels.features.catalogue import FAMILIES

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "pyradiomics": {
        "discretise": {"bin_width": 25},
        "features": "all",
        "voxel_array_shift": 0,
        "min_region_voxels": 2,
        "min_region_dimensions": 2,
        "grid_tolerance": 1e-6,
    }
}
DEFAULT_PROFILE = "pyradiomics"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Discretise(_Model):
    """How intensities become grey levels: exactly one of the two."""

    bin_width: Annotated[float, Field(gt=0)] | None = None
    """Width of a grey level in the image's own unit; edges lie at multiples of it."""
    bin_count: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """How many grey levels of equal width from the region's minimum to its maximum."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give bin_width or bin_count, one of them")
        return self


class Settings(_Model):
    """All that decides the values of an extraction; frozen.

    `Settings()` is the profile `pyradiomics`: PyRadiomics' own defaults. Read a file with `Settings.read`, a mapping
    with `Settings.parse`, a parameter file of PyRadiomics with `Settings.from_pyradiomics`.
    """

    discretise: Discretise = Discretise(bin_width=25)
    features: Mapping[str, tuple[str, ...]] = Field(default="all", validate_default=True)
    """Names by family: `all`, a list of families, or families with a list of names (or `all`)."""
    labels: tuple[int | str, ...] | None = None
    """Which segments of the mask, by number or name; None for all."""
    label_channel: Annotated[int, Field(ge=0)] | None = None
    """Which channel of a mask that has several per voxel."""
    voxel_array_shift: float = 0
    """Added to every intensity before it is squared in Energy, TotalEnergy and RootMeanSquared."""
    min_region_voxels: Annotated[int, Field(ge=2)] = 2
    """A smaller region fails."""
    min_region_dimensions: Annotated[int, Field(ge=1, le=3)] = 2
    """A region that is longer than one voxel along fewer axes fails."""
    grid_tolerance: Annotated[float, Field(gt=0)] = 1e-6
    """How far image and mask may lie apart: a share of the spacing along x, and of the direction cosines."""

    @field_validator("features", mode="before")
    @classmethod
    def _by_family(cls, wanted: object) -> dict[str, tuple[str, ...]]:
        return _chosen(wanted)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a mapping as in a YAML file; `profile` names the values to start from.

        Raises SettingsError for keys that do not exist (naming the nearest one) and values that make no sense.
        """
        given = dict(values)
        profile = given.pop("profile", DEFAULT_PROFILE)
        if profile not in PROFILES:
            raise SettingsError(f"unknown profile {profile!r}{nearest(str(profile), list(PROFILES))}")
        try:
            return cls.model_validate({**PROFILES[profile], **given})
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Settings from a YAML or JSON file, Voxmill's own or a parameter file of PyRadiomics."""
        values = _read_yaml(Path(path))
        try:
            if values and set(values) <= set(SECTIONS):
                return cls.from_pyradiomics(values)
            return cls.parse(values)
        except SettingsError as error:
            raise SettingsError(f"{path}: {error}") from None

    @classmethod
    def from_pyradiomics(cls, source: str | Path | Mapping[str, Any]) -> Self:
        """Settings from PyRadiomics' parameter file, or the same as a mapping.

        Raises SettingsError for what is not supported yet, naming the key; never leaves out a key in silence.
        """
        values = source if isinstance(source, Mapping) else _read_yaml(Path(source))
        return cls.parse(translate(values))


def _chosen(wanted: object) -> dict[str, tuple[str, ...]]:
    """The features wanted, by family, in the catalogue's order."""
    if wanted is None or wanted == "all":
        wanted = list(FAMILIES)
    if isinstance(wanted, str):
        wanted = [wanted]
    if not isinstance(wanted, Mapping):
        if not isinstance(wanted, list | tuple):
            raise ValueError("features are 'all', a list of families, or families with lists of names")
        wanted = dict.fromkeys(wanted, "all")
    for family in wanted:
        if family not in FAMILIES:
            raise ValueError(f"unknown feature family {family!r}{nearest(str(family), list(FAMILIES))}")
    return {family: _names(family, wanted[family]) for family in FAMILIES if family in wanted}


def _names(family: str, wanted: object) -> tuple[str, ...]:
    known = [feature.name for feature in FAMILIES[family]]
    if wanted is None or wanted == "all":
        return tuple(known)
    names = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, list | tuple) else None
    if not names:
        raise ValueError(f"{family}: give 'all' or a list of feature names")
    for name in names:
        if name not in known:
            raise ValueError(f"{family}: unknown feature {name!r}{nearest(str(name), known)}")
    return tuple(name for name in known if name in names)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: settings cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        raise SettingsError(f"{path}: settings must be YAML or JSON; there is a mistake{line}") from None
    if values is not None and not isinstance(values, dict):
        raise SettingsError(f"{path}: settings are names with values; found {type(values).__name__}")
    return {str(key): value for key, value in (values or {}).items()}


def _sentence(error: ValidationError) -> str:
    """What is wrong with settings, one clause per mistake."""
    return "; ".join(
        _clause(mistake["loc"], mistake["type"], mistake["msg"], mistake["input"]) for mistake in error.errors()
    )


def _clause(place: tuple[int | str, ...], kind: str, message: str, found: object) -> str:
    path = ".".join(str(part) for part in place)
    if kind == "extra_forbidden":
        known = list((Discretise if place[0] == "discretise" else Settings).model_fields)
        return f"unknown setting {path!r}{nearest(str(place[-1]), known)}"
    if kind == "value_error":
        return f"{path}: {message.removeprefix('Value error, ')}"
    return f"{path}: {message[0].lower()}{message[1:]}; found {found!r}"
