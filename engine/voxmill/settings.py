"""Settings: what is measured, and how. Profiles are data: named values for them."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from voxmill.errors import SettingsError, nearest
from voxmill.pyradiomics_parameters import SECTIONS, translate
from voxmill.yaml_files import read_yaml
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


def _no_truth(value: object) -> object:
    """Pydantic takes true for 1."""
    if isinstance(value, bool):
        raise ValueError(f"give a number; found {str(value).lower()}")
    return value


Real = Annotated[float, BeforeValidator(_no_truth)]
Whole = Annotated[int, BeforeValidator(_no_truth)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _in_a_sentence(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            raise SettingsError("; ".join(_clause(cls, mistake) for mistake in error.errors())) from None


class Discretise(_Model):
    """How intensities become grey levels: exactly one of the two."""

    bin_width: Annotated[Real, Field(gt=0)] | None = None
    """Width of a grey level in the image's own unit; edges lie at multiples of it."""
    bin_count: Annotated[Whole, Field(ge=1, le=65_535)] | None = None
    """How many grey levels of equal width from the region's minimum to its maximum."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if self.bin_width is None and self.bin_count is None:
            raise ValueError("give bin_width or bin_count")
        if self.bin_width is not None and self.bin_count is not None:
            raise ValueError("bin_width and bin_count exclude each other; give one of them")
        return self


class Settings(_Model):
    """All that decides the values of an extraction; frozen.

    `Settings()` is the profile `pyradiomics`: PyRadiomics' own defaults. Read a file with `Settings.read`, a mapping
    with `Settings.parse`, a parameter file of PyRadiomics with `Settings.from_pyradiomics`. Raises SettingsError for
    settings that do not exist (naming the nearest one) and values that make no sense.
    """

    discretise: Discretise = Discretise(bin_width=25)
    features: Mapping[str, tuple[str, ...]] = Field(default="all", validate_default=True)
    """Names by family: `all`, a list of families, or families with a list of names (or `all`)."""
    labels: tuple[int | str, ...] | None = None
    """Which segments of the mask, by number or name; None for all."""
    label_channel: Annotated[Whole, Field(ge=0)] | None = None
    """Which channel of a mask that has several per voxel."""
    voxel_array_shift: Real = 0
    """Added to every intensity before it is squared in Energy, TotalEnergy and RootMeanSquared."""
    min_region_voxels: Annotated[Whole, Field(ge=2)] = 2
    """A smaller region fails."""
    min_region_dimensions: Annotated[Whole, Field(ge=1, le=3)] = 2
    """A region that is longer than one voxel along fewer axes fails."""
    grid_tolerance: Annotated[Real, Field(gt=0)] = 1e-6
    """How far image and mask may lie apart: a share of the spacing along x, and of the direction cosines."""

    @field_validator("discretise", mode="wrap")
    @classmethod
    def _one_level_down(cls, value: object, handler: ValidatorFunctionWrapHandler) -> object:
        """A mistake in there is one of these settings."""
        try:
            return handler(value)
        except SettingsError as error:
            raise ValueError(str(error)) from None

    @field_validator("features", mode="before")
    @classmethod
    def _by_family(cls, wanted: object) -> dict[str, tuple[str, ...]]:
        return _chosen(wanted)

    @field_validator("labels", mode="before")
    @classmethod
    def _as_labels(cls, wanted: object) -> tuple[int | str, ...] | None:
        return None if wanted is None else parse_labels(wanted)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a mapping as in a YAML file; `profile` names the values to start from."""
        if not isinstance(values, Mapping):
            raise SettingsError(f"settings are names with values; found {values!r}")
        given = {str(key): value for key, value in values.items()}
        profile = given.pop("profile", DEFAULT_PROFILE)
        if not isinstance(profile, str) or profile not in PROFILES:
            raise SettingsError(f"unknown profile {profile!r}{nearest(str(profile), PROFILES)}")
        return cls.model_validate({**PROFILES[profile], **given})

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Settings from a YAML or JSON file, Voxmill's own or a parameter file of PyRadiomics."""
        values = read_yaml(Path(path))
        return cls._named(path, values, pyradiomics=not values.keys().isdisjoint(SECTIONS))

    @classmethod
    def from_pyradiomics(cls, source: str | Path | Mapping[str, Any]) -> Self:
        """Settings from PyRadiomics' parameter file, or the same as a mapping.

        Raises SettingsError for what is not supported yet, naming the keys; never leaves out a key in silence.
        """
        if isinstance(source, Mapping):
            return cls.parse(translate(source))
        return cls._named(source, read_yaml(Path(source)), pyradiomics=True)

    @classmethod
    def _named(cls, path: str | Path, values: Mapping[str, Any], *, pyradiomics: bool) -> Self:
        """Settings from the content of a file, whose name goes into what is raised."""
        try:
            return cls.parse(translate(values) if pyradiomics else values)
        except SettingsError as error:
            raise SettingsError(f"{Path(path).name}: {error}") from None


def parse_labels(wanted: object) -> tuple[int | str, ...]:
    """Labels by number or name, one or several; raises ValueError for anything else, and for none."""
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes | Mapping)
    labels = tuple(wanted) if several else (wanted,)  # type: ignore[arg-type]
    if not labels:
        raise ValueError("give at least one, or leave it out for all")
    return tuple(_label(label) for label in labels)


def _label(label: object) -> int | str:
    if isinstance(label, str) and label:
        return label
    if isinstance(label, Integral) and not isinstance(label, bool):
        return int(label)
    raise ValueError(f"give whole numbers or names (in quotes); found {label!r}")


def _chosen(wanted: object) -> dict[str, tuple[str, ...]]:
    """The features wanted, by family, in the catalogue's order."""
    if wanted is None or wanted == "all":
        wanted = list(FAMILIES)
    if isinstance(wanted, str):
        wanted = [wanted]
    if isinstance(wanted, list | tuple) and all(isinstance(family, str) for family in wanted):
        wanted = dict.fromkeys(wanted, "all")
    if not isinstance(wanted, Mapping):
        raise ValueError(f"give 'all', a list of families, or families with lists of names; found {wanted!r}")
    if not wanted:
        raise ValueError("give at least one family, or leave it out for all")
    for family in wanted:
        if family not in FAMILIES:
            raise ValueError(f"unknown feature family {family!r}{nearest(str(family), FAMILIES)}")
    return {family: _names(family, wanted[family]) for family in FAMILIES if family in wanted}


def _names(family: str, wanted: object) -> tuple[str, ...]:
    known = [feature.name for feature in FAMILIES[family]]
    if wanted is None or wanted == "all":
        return tuple(known)
    names = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, list | tuple) else None
    if not names:
        raise ValueError(f".{family}: give 'all' or a list of feature names; found {wanted!r}")
    for name in names:
        if name not in known:
            raise ValueError(f".{family}: unknown feature {name!r}{nearest(str(name), known)}")
    return tuple(name for name in known if name in names)


PHRASES: Mapping[str, str] = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be finite",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "model_type": "give names with values",
    "model_attributes_type": "give names with values",
}


def _clause(model: type[BaseModel], mistake: ErrorDetails) -> str:
    """One mistake that pydantic found, in our words."""
    place, kind, context = ".".join(str(part) for part in mistake["loc"]), mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown setting {place!r}{_nearest_setting(model, place)}"
    if kind == "value_error":  # ours; a place further down begins with a dot
        reason = str(context["error"])
        return f"{place}{': ' if place and reason[0] != '.' else ''}{reason}"
    phrase = PHRASES[kind].format_map(context) if kind in PHRASES else mistake["msg"]
    return f"{place} {phrase}; found {mistake['input']!r}".lstrip()


def _nearest_setting(model: type[BaseModel], word: str) -> str:
    """The hint for a misspelt setting, or for one that belongs under another."""
    if model is not Settings:
        return nearest(word, model.model_fields)
    below = {name: f"discretise.{name}" for name in Discretise.model_fields}
    return nearest(word, (*Settings.model_fields, "profile", *below), shown=below)
