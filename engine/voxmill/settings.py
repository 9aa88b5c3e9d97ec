"""Settings: what is measured, and how. Profiles are data: named values for them."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, PlainSerializer, ValidatorFunctionWrapHandler, field_validator

from voxmill.errors import SettingsError, brief, nearest
from voxmill.image_types import IMAGE_TYPES, ImageType
from voxmill.measuring_settings import MOST, Alpha, Discretise, Distances, SliceAxis, Truth, Weighting, axis_letter
from voxmill.models import Model, Real, Whole
from voxmill.pyradiomics_parameters import has_sections, translate
from voxmill.segments import DEFAULT_THRESHOLD
from voxmill.steps import Crop, Normalise, Resample, Resegment
from voxmill.yaml_files import read_yaml
from voxmill_kernels.features.catalogue import BY_DEFAULT, FAMILIES, STANDARD

Item = TypeVar("Item")

PROFILES: Mapping[str, Mapping[str, Any]] = {"pyradiomics": {}}
"""What each profile sets otherwise than the defaults below, which are PyRadiomics' own."""
DEFAULT_PROFILE = "pyradiomics"


@dataclass(frozen=True, eq=False, repr=False)
class Frozen(Mapping[str, Item]):
    """Values by name that nobody can change, in their order: a mapping that has a hash."""

    pairs: tuple[tuple[str, Item], ...]

    @classmethod
    def of(cls, values: Mapping[str, Item]) -> Self:
        """The same values, frozen; lists are tuples."""
        return cls(tuple(values.items()))

    def __getitem__(self, name: str) -> Item:
        for one, item in self.pairs:  # few: a dictionary would cost more
            if one == name:
                return item
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __hash__(self) -> int:
        return hash(frozenset(self.pairs))

    def __repr__(self) -> str:
        return repr(dict(self.pairs))


def _image_values(images: Mapping[str, ImageType]) -> dict[str, dict[str, Any]]:
    return {name: image.model_dump(mode="json", exclude_unset=True) for name, image in images.items()}


class Components(Model):
    """How a region falls apart into its connected components."""

    min_volume_mm3: Annotated[Real, Field(ge=0)] = 0
    """A component of less volume, in mm³, is left out; the pixels of a flat image count as 1 mm thick."""
    connectivity: Literal[6, 18, 26] = 26
    """How many neighbours a voxel has: those that share a face (6), also an edge (18), also a corner (26)."""


class Settings(Model):
    """All that decides the values of an extraction; frozen.

    `Settings()` is the profile `pyradiomics`: PyRadiomics' own defaults. Read a file with `Settings.read`, a mapping
    with `Settings.parse`, a parameter file of PyRadiomics with `Settings.from_pyradiomics`. Raises SettingsError for
    settings that do not exist (naming the nearest one) and values that make no sense.
    """

    suv: Truth = False
    """PET in standardised uptake values by body weight, before all else; an image without a factor is refused."""
    normalise: Normalise | None = None
    """Intensities less the mean of the whole image, divided by its standard deviation, before the steps below;
    True for a scale of 1, None to leave them."""
    resample: Resample | None = None
    """Image and mask brought to voxels of another size, after normalising; None for the image's own grid."""
    crop: Crop | None = None
    """The image cut to the box of the region and a margin; it changes no value of the original image. True for 5
    voxels, None for none."""
    resegment: Resegment | None = None
    """Regions cut to a range of intensities, after the steps above; None to leave them."""
    discretise: Discretise = Discretise(bin_width=25)
    """How intensities become grey levels, for texture and for Entropy and Uniformity: by bin_width or bin_count."""
    images: Annotated[
        Mapping[str, ImageType], AfterValidator(Frozen.of), PlainSerializer(_image_values, dict[str, dict[str, Any]])
    ] = Field(default={"original": {}}, validate_default=True)
    """The images that regions are measured in, a list or each with settings of its own: original, log, wavelet, square,
    squareroot, logarithm, exponential, gradient, lbp2d, lbp3d. Columns begin with the name of the image."""
    features: Annotated[
        Mapping[str, tuple[str, ...]], AfterValidator(Frozen.of), PlainSerializer(dict, dict[str, tuple[str, ...]])
    ] = Field(default="all", validate_default=True)
    """What is measured: `all`, a list of families, or families with a list of names (or `all`).

    `all` has neither the family shape2D nor what is deprecated: both are measured where they are named.
    """
    labels: tuple[int | str, ...] | None = None
    """Which labels of the mask are measured, by number, name or pattern of names (`*`, `?`, `[ab]`), and which unions;
    one or a list, None for all. One that is not there, or has no voxel, is a row that says so."""
    unions: Annotated[
        Mapping[str, tuple[int | str, ...]],
        AfterValidator(Frozen.of),
        PlainSerializer(dict, dict[str, tuple[int | str, ...]]),
    ] = Field(default={}, validate_default=True)
    """Further regions by their names, each with the labels (numbers, names or patterns of names) that it unites. Where
    one of them is not there or has no voxel, the row of the union says so, and has no values; a pattern unites what it
    matches, and a note says which of that has no voxel."""
    components: Components | None = None
    """Split every region into its connected components; True for all of them, None for whole regions."""
    label_channel: Annotated[Whole, Field(ge=0, le=65_535)] | None = None
    """Which channel, from 0, of a mask with several values per voxel; None for every layer of a `.seg.nrrd`, else the
    first."""
    slice_axis: SliceAxis | None = None
    """Texture within slices across this axis only: neighbours, runs and zones; None for all three dimensions.

    The first axis of an image is z, but y of a flat one, which has no third.
    """
    distances: Distances = (1,)
    """How far away the neighbours of a voxel are, in voxels along the axis where they are furthest (GLCM, GLDM,
    NGTDM)."""
    gldm_alpha: Alpha = 0
    """By how many grey levels a neighbour that depends on a voxel may differ from it (GLDM)."""
    glcm_symmetric: Truth = True
    """Whether a pair of voxels counts both ways; if not, the first is the one behind (GLCM)."""
    weighting: Weighting | None = None
    """How matrices of all directions become one, weighted by this norm of their length in mm (GLCM by exp(-length²),
    GLRLM by the length itself) or all alike; None for the mean of the features of every direction."""
    voxel_array_shift: Real = 0
    """Added to every intensity, in the image's unit, before it is squared in Energy, TotalEnergy and
    RootMeanSquared."""
    min_region_voxels: Annotated[Whole, Field(ge=2, le=MOST)] = 2
    """A region of fewer voxels fails: its row says so and has no values."""
    min_region_dimensions: Annotated[Whole, Field(ge=1, le=3)] = 2
    """A region that is longer than one voxel along fewer axes fails: a line has 1, a slice 2."""
    mask_on_other_grid: Literal["resample", "error"] = "resample"
    """What becomes of a mask on another grid than its image: the nearest label at every voxel of the image, where the
    region lies within it, with a note; or an error. Where images are resampled, masks are too, whatever this says."""
    grid_tolerance: Annotated[Real, Field(gt=0)] = 1e-6
    """How far image and mask may lie apart and still have one grid: origin and spacing by this share of the spacing
    along x, direction cosines by this number."""
    fractional_threshold: Annotated[Real, Field(gt=0, le=1)] = DEFAULT_THRESHOLD
    """Of a fractional segmentation (DICOM SEG), voxels of at least this share of its maximum are inside; a note says
    so."""
    diagnostics: Truth = False
    """Whether a row has PyRadiomics' `diagnostics_*` values; they take a pass over the whole image and mask."""
    notes: tuple[str, ...] = ()
    """What a reader of any row should know: of a parameter file of PyRadiomics, what has no effect."""

    @field_validator("normalise", "resample", "crop", "resegment", "discretise", "components", mode="wrap")
    @classmethod
    def _one_level_down(cls, value: object, handler: ValidatorFunctionWrapHandler) -> object:
        """A mistake in there is one of these settings."""
        try:
            return handler(value)
        except SettingsError as error:
            raise ValueError(str(error)) from None

    @field_validator("images", mode="before")
    @classmethod
    def _by_image_type(cls, wanted: object) -> dict[str, ImageType]:
        return _images(wanted)

    @field_validator("features", mode="before")
    @classmethod
    def _by_family(cls, wanted: object) -> dict[str, tuple[str, ...]]:
        return _chosen(wanted)

    @field_validator("labels", mode="before")
    @classmethod
    def _as_labels(cls, wanted: object) -> tuple[int | str, ...] | None:
        return None if wanted is None else parse_labels(wanted)

    @field_validator("unions", mode="before")
    @classmethod
    def _as_unions(cls, wanted: object) -> dict[str, tuple[int | str, ...]]:
        return _unions(wanted)

    @field_validator("normalise", "crop", "components", mode="before")
    @classmethod
    def _true_for_defaults(cls, wanted: object) -> object:
        return ({} if wanted else None) if isinstance(wanted, bool) else wanted

    def _require_sense(self) -> None:
        if self.crop is not None and self.resample is not None:
            raise SettingsError(
                "crop and resample exclude each other: resampling cuts by itself (resample.margin_voxels)"
            )

    @classmethod
    def _nearest(cls, word: str) -> str:
        """The hint for a misspelt setting, or for one that belongs under another."""
        return nearest(word, (*cls.model_fields, "profile", *BELOW), shown=BELOW)

    def within(self, dimensions: int) -> Self:
        """These settings for an image of so many dimensions: its first, second or third axis by letter."""
        letter = axis_letter(self.slice_axis, dimensions)
        return self if letter == self.slice_axis else self.changed({"slice_axis": letter})

    def of_image(self, name: str) -> Self:
        """These settings with those that an image type has of its own."""
        own = self.images[name].own
        if not own:
            return self
        fields = type(self).model_fields
        return self.changed({name: fields[name].default if value is None else value for name, value in own.items()})

    def changed(self, values: Mapping[str, Any]) -> Self:
        """These settings with other values for some of them."""
        return self.model_validate({**dict(self), **values})

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a mapping as in a YAML file; `profile` names the values to start from."""
        if not isinstance(values, Mapping):
            raise SettingsError(f"settings are names with values; found {brief(values)}")
        given = {str(key): value for key, value in values.items()}
        profile = given.pop("profile", DEFAULT_PROFILE)
        if not isinstance(profile, str) or profile not in PROFILES:
            raise SettingsError(f"unknown profile {brief(profile)}{nearest(brief(profile), PROFILES)}")
        return cls.model_validate({**PROFILES[profile], **given})

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Settings from a YAML or JSON file, Voxmill's own or a parameter file of PyRadiomics."""
        values = read_yaml(Path(path))
        return cls._named(path, values, pyradiomics=_is_pyradiomics(values))

    @classmethod
    def from_pyradiomics(cls, source: str | Path | Mapping[str, Any]) -> Self:
        """Settings from PyRadiomics' parameter file, or the same as a mapping.

        Raises SettingsError for what is not supported yet, naming the keys; never leaves out a key in silence.
        """
        if isinstance(source, Mapping):
            return cls.parse(translate(source))
        if not isinstance(source, str | os.PathLike):
            raise SettingsError(f"parameters are a mapping or a path to a file; found {brief(source)}")
        return cls._named(source, read_yaml(Path(source)), pyradiomics=True)

    @classmethod
    def _named(cls, path: str | Path, values: Mapping[str, Any], *, pyradiomics: bool) -> Self:
        """Settings from the content of a file, whose name goes into what is raised."""
        try:
            return cls.parse(translate(values) if pyradiomics else values)
        except SettingsError as error:
            raise SettingsError(f"{Path(path).name}: {error}") from None


HOLDERS: Mapping[str, type[Model]] = {
    "normalise": Normalise,
    "crop": Crop,
    "resegment": Resegment,
    "resample": Resample,
    "discretise": Discretise,
    "components": Components,
}
"""Settings that hold others."""
BELOW: Mapping[str, str] = {
    **{name: f"{place}.{name}" for place, model in HOLDERS.items() for name in model.model_fields},
    **{name: f"images.{name}" for name in IMAGE_TYPES},
}
"""Settings that stand under another, and where."""


def parse_settings(given: object) -> Settings:
    """Settings, a mapping of them (ours or PyRadiomics') or a path to a file of them, as settings; None for defaults.

    Raises SettingsError for anything else.
    """
    if given is None:
        return _defaults()
    if isinstance(given, Settings):
        return given
    if isinstance(given, str | os.PathLike):
        return Settings.read(Path(given))
    if isinstance(given, Mapping):
        return Settings.from_pyradiomics(given) if _is_pyradiomics(given) else Settings.parse(given)
    raise SettingsError(f"settings are Settings, a mapping or a path to a file; found {brief(given)}")


@cache
def _defaults() -> Settings:
    return Settings()


def _is_pyradiomics(values: Mapping[str, Any]) -> bool:
    return has_sections(values, [*Settings.model_fields, "profile", *BELOW])


def parse_labels(wanted: object, *, otherwise: str = "leave it out for all") -> tuple[int | str, ...]:
    """Labels by number or name, one or several; raises ValueError for anything else, and for none.

    `otherwise` is what one does who wants none.
    """
    many = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes | Mapping)
    labels = tuple(wanted) if many else (wanted,)  # type: ignore[arg-type]
    if not labels:
        raise ValueError(f"give at least one, or {otherwise}")
    return tuple(_label(label) for label in labels)


def _label(label: object) -> int | str:
    if isinstance(label, str) and label:
        return label
    if isinstance(label, Integral) and not isinstance(label, bool):
        number = int(label)
        if abs(number) <= MOST:
            return number
    raise ValueError(f"give whole numbers or names (in quotes); found {brief(label)}")


def _unions(wanted: object) -> dict[str, tuple[int | str, ...]]:
    """The labels of every union by its name."""
    if wanted is None:
        return {}
    if not isinstance(wanted, Mapping):
        raise ValueError(f"give names with the labels that each unites; found {brief(wanted)}")
    return {_union_name(name): _united(name, labels) for name, labels in wanted.items()}


def _union_name(name: object) -> str:
    if isinstance(name, str) and name.strip() and not name.isdecimal():
        return name
    raise ValueError(f"a union's name is text that is no number; found {brief(name)}")


def _united(name: str, labels: object) -> tuple[int | str, ...]:
    try:
        return parse_labels(labels, otherwise="leave the union out")
    except ValueError as error:
        raise ValueError(f".{name}: {error}") from None


def _images(wanted: object) -> dict[str, ImageType]:
    """The image types wanted, in the order given."""
    if isinstance(wanted, str):
        wanted = [wanted]
    if isinstance(wanted, list | tuple) and all(isinstance(name, str) for name in wanted):
        wanted = dict.fromkeys(wanted)
    if not isinstance(wanted, Mapping) or not wanted:
        raise ValueError(f"give a list of image types, or image types with their settings; found {brief(wanted)}")
    return {name: _image(name, values) for name, values in wanted.items()}


def _image(name: object, values: object) -> ImageType:
    model = IMAGE_TYPES.get(str(name))
    if model is None:
        raise ValueError(f"unknown image type {brief(name)}{nearest(str(name), IMAGE_TYPES)}")
    if isinstance(values, ImageType):
        values = values.model_dump(exclude_unset=True)
    try:
        return model.model_validate({} if values is None or values is True else values)
    except SettingsError as error:
        raise ValueError(f".{name}: {error}") from None


def _chosen(wanted: object) -> dict[str, tuple[str, ...]]:
    """The features wanted, by family, in the catalogue's order."""
    if wanted is None or wanted == "all":
        wanted = BY_DEFAULT
    if isinstance(wanted, str):
        wanted = [wanted]
    if isinstance(wanted, list | tuple) and all(isinstance(family, str) for family in wanted):
        wanted = dict.fromkeys(wanted, "all")
    if not isinstance(wanted, Mapping):
        raise ValueError(f"give 'all', a list of families, or families with lists of names; found {brief(wanted)}")
    if not wanted:
        raise ValueError("give at least one family, or leave it out for all")
    for family in wanted:
        if family not in FAMILIES:
            raise ValueError(f"unknown feature family {brief(family)}{nearest(str(family), FAMILIES)}")
    return {family: _names(family, wanted[family]) for family in FAMILIES if family in wanted}


def _names(family: str, wanted: object) -> tuple[str, ...]:
    known = [feature.name for feature in FAMILIES[family]]
    if wanted is None or wanted == "all":
        return STANDARD[family]
    names = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, list | tuple) else None
    if not names:
        raise ValueError(f".{family}: give 'all' or a list of feature names; found {brief(wanted)}")
    for name in names:
        if name not in known:
            raise ValueError(f".{family}: unknown feature {brief(name)}{nearest(brief(name), known)}")
    return tuple(name for name in known if name in names)
