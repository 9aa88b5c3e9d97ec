"""Image, mask and settings → a case: what the rows of an extraction have in common, and its regions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from voxmill.choices import Asked, Choice, Refused, choices_of, require_known
from voxmill.diagnostics import Provenance
from voxmill.errors import InputError, SettingsError, counted
from voxmill.execute import derive
from voxmill.grid import MAX_SHEAR
from voxmill.io import read_image, read_mask_near
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import Operator
from voxmill.operators.scale import Scale
from voxmill.segments import DEFAULT_THRESHOLD, notes_without
from voxmill.settings import Settings, parse_labels
from voxmill.volume import Image, Mask, Source, is_image, require_same_dimensions, require_same_grid

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

    from voxmill.io.formats import Readable

SPACINGS = (1e-9, 1e9)
"""The least and the largest spacing in mm: beyond, areas and volumes are no numbers."""


@dataclass(frozen=True)
class Case:
    """What the rows of an extraction have in common: an image as it is measured, its mask, and how.

    notes: what image and mask say of themselves.
    provenance: for settings with diagnostics, what they say of the whole image and its mask.
    """

    name: str
    image: Source
    mask: Mask
    settings: Settings
    notes: tuple[str, ...] = ()
    provenance: Provenance | None = None


def open_case(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    settings: Settings,
    labels: int | str | Iterable[int | str] | None = None,
) -> tuple[Case, tuple[Asked, ...]]:
    """The case of an image and its mask, and its regions: those of `labels`, or else of the settings.

    Raises InputError when image or mask cannot be used, and where none of `labels` is there, SettingsError for settings
    that make no sense for them.
    """
    chosen = settings.labels if labels is None else _parse_labels(labels)
    volume = open_image(image)
    layers = _read_layers(mask, volume, settings)
    _require_fit(volume, layers, settings)
    if labels is not None:
        require_known(layers, chosen or (), settings)
    choices = choices_of(layers, chosen, settings)
    measured = [one for one in choices if isinstance(one, Choice)]
    provenance = Provenance.of(volume, layers, measured, settings) if settings.diagnostics else None
    within = settings.within(volume.grid.dimensions)
    asked = {one.name for one in choices if isinstance(one, Refused)}
    told = notes_without(layers.notes, layers.undrawn, asked)
    notes = (*volume.notes, *_uptake_notes(volume, settings), *told)
    return Case(volume.name, _prepared(volume, settings), layers, within, notes, provenance), choices


def open_image(
    image: "Image | str | Path | SimpleITK.Image", *, series: str | int | None = None, allow_gaps: bool = False
) -> Image:
    """The image; one that is already made, in memory or in a store, as it is. All else is as for read_image."""
    if not is_image(image):
        return read_image(cast("Readable", image), series=series, allow_gaps=allow_gaps)
    if series is not None or allow_gaps:
        raise SettingsError("series and allow_gaps are for files of DICOM; leave them out for an image that was read")
    return image


def _parse_labels(labels: int | str | Iterable[int | str]) -> tuple[int | str, ...]:
    try:
        return parse_labels(labels)
    except ValueError as error:
        raise SettingsError(f"labels: {error}") from None


def _read_layers(mask: "Mask | str | Path | SimpleITK.Image", image: Image, settings: Settings) -> Mask:
    """The mask, of a channel alone where one is asked for: a layer of a Mask that is already made."""
    channel, threshold = settings.label_channel, settings.fractional_threshold
    if not isinstance(mask, Mask):
        return read_mask_near(mask, image, label_channel=channel, threshold=threshold)
    made = mask if channel is None else mask.layer(channel)
    if threshold == DEFAULT_THRESHOLD:
        return made
    return made.renamed(made.name, notes=(*made.notes, "fractional_threshold has no effect: the mask was read before"))


def _require_fit(image: Image, mask: Mask, settings: Settings) -> None:
    """Raise unless image and mask have the same dimensions and, as far as settings ask for these, axes and grids."""
    require_same_dimensions(image, mask)
    if settings.resample is None and settings.mask_on_other_grid == "error":
        require_same_grid(image, mask, tolerance=settings.grid_tolerance)
    for one in (image, mask):
        if one.grid.shear > MAX_SHEAR and settings.resample is None:
            raise InputError(
                f"{one.name}: its axes are not at right angles (cosine {one.grid.shear:.4f}, at most {MAX_SHEAR} is "
                "taken); set resample, which brings image and mask onto a grid with square axes"
            )
        if not SPACINGS[0] <= min(one.grid.spacing) <= max(one.grid.spacing) <= SPACINGS[1]:
            raise InputError(
                f"{one.name}: its spacing is {one.grid.spacing} mm, and {SPACINGS[0]:g} to {SPACINGS[1]:g} mm can be "
                "measured; correct its header"
            )
    step, dimensions = settings.resample, image.grid.dimensions
    if step is not None and len(step.spacing_mm) != dimensions:
        given = counted(len(step.spacing_mm), "number")
        raise SettingsError(f"resample.spacing_mm: {given} for {dimensions} dimensions; give one for each")


def _prepared(image: Image, settings: Settings) -> Source:
    """The image after what is done to the whole of it."""
    operators: list[Operator] = [_uptake(image)] if settings.suv else []
    if settings.normalise is not None:
        operators.append(Normalise(settings.normalise.scale, settings.normalise.outliers))
    try:
        return derive(image, *operators) if operators else image
    except InputError as error:
        raise InputError(f"{image.name}: cannot be normalised: {error}") from None


def _uptake(image: Image) -> Scale:
    """What turns the values of a PET image into standardised uptake values; InputError where nobody knows how."""
    if image.suv is None:
        raise InputError(f"{image.name}: the setting suv is for PET read from DICOM, this has no factor; leave it out")
    if image.suv.factor is None:
        raise InputError(f"{image.name}: {image.suv.how}; correct the header, or leave the setting suv out")
    return Scale(image.suv.factor)


def _uptake_notes(image: Image, settings: Settings) -> tuple[str, ...]:
    return image.suv.notes if settings.suv and image.suv is not None else ()
