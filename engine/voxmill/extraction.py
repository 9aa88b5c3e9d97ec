"""One case → rows: the features of every region of a mask in an image."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from voxmill.choices import Choice, choices_of
from voxmill.errors import InputError, RegionError, SettingsError, brief
from voxmill.execute import derive
from voxmill.io import read_image, read_mask
from voxmill.measures import measure
from voxmill.operators.normalise import Normalise
from voxmill.regions import Region
from voxmill.settings import Settings, parse_labels, parse_settings
from voxmill.table import Row, Table, counted
from voxmill.volume import Mask, Source, Volume, require_same_dimensions, require_same_grid

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

DEVICES = ("auto", "cpu", "gpu")
MAX_SHEAR = 1e-3


def extract(
    image: "Volume | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    labels: int | str | Iterable[int | str] | None = None,
    device: str = "auto",
    threads: int = 1,
) -> Table:
    """The features of every region of a mask: one row each, labels first, in their order, then unions.

    `image` and `mask` are a Volume and a Mask, paths, or SimpleITK images. `settings` are Settings, a mapping of them
    as for Settings.parse or Settings.from_pyradiomics, or a path as for Settings.read; PyRadiomics' defaults when
    None. `labels` (numbers, names, patterns of names, names of unions) choose regions, each once, and go before those
    of the settings. `device` is auto or cpu. `threads` is how many regions are measured at a time: the rows are the
    same.

    A region that cannot be measured is a row with an error; the others go on. Raises InputError when image or mask
    cannot be used, SettingsError for settings that make no sense. Safe to call from several threads.
    """
    parse_device(device)
    threads = parse_threads(threads)
    settings = parse_settings(settings)
    chosen = settings.labels if labels is None else _parse_labels(labels)
    volume = image if isinstance(image, Volume) else read_image(image)
    layers = _read_layers(mask, settings.label_channel)
    _require_fit(volume, layers, settings)
    choices = choices_of(layers, chosen, settings)
    case = Case(volume.name, _prepared(volume, settings), layers, settings)
    return Table(_rows(case, choices, threads), settings)


@dataclass(frozen=True)
class Case:
    """What the rows of an extraction have in common: an image as it is measured, its mask, and how."""

    name: str
    image: Source
    mask: Mask
    settings: Settings


def parse_device(device: str) -> str:
    """The device to compute on; raises SettingsError when there is no such device."""
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; known: {', '.join(DEVICES)}")
    if device == "gpu":
        raise SettingsError("device 'gpu': this version computes on the CPU only; use 'auto' or 'cpu'")
    return device


def parse_threads(threads: int) -> int:
    """How many regions to measure at a time; raises SettingsError for what is no whole number, or less than one."""
    if isinstance(threads, bool) or not isinstance(threads, Integral):
        raise SettingsError(f"threads: a whole number is needed; found {brief(threads)}")
    if threads < 1:
        raise SettingsError(f"threads: at least 1; found {threads}")
    return int(threads)


def _parse_labels(labels: int | str | Iterable[int | str]) -> tuple[int | str, ...]:
    try:
        return parse_labels(labels)
    except ValueError as error:
        raise SettingsError(f"labels: {error}") from None


def _read_layers(mask: "Mask | str | Path | SimpleITK.Image", channel: int | None) -> Mask:
    """The mask, of a channel alone where one is asked for: a layer of a Mask that is already made."""
    if not isinstance(mask, Mask):
        return read_mask(mask, label_channel=channel)
    return mask if channel is None else mask.layer(channel)


def _require_fit(image: Volume, mask: Mask, settings: Settings) -> None:
    """Raise unless image and mask have the same dimensions and square axes, and one grid where that is asked for."""
    require_same_dimensions(image, mask)
    if settings.resample is None and settings.mask_on_other_grid == "error":
        require_same_grid(image, mask, tolerance=settings.grid_tolerance)
    for one in (image, mask):
        if one.grid.shear > MAX_SHEAR:
            raise InputError(
                f"{one.name}: its axes are not at right angles (cosine {one.grid.shear:.4f}, at most {MAX_SHEAR} is "
                "taken); resample image and mask to a grid with square axes first"
            )
    step, dimensions = settings.resample, image.grid.dimensions
    if step is not None and len(step.spacing_mm) != dimensions:
        given = counted(len(step.spacing_mm), "number")
        raise SettingsError(f"resample.spacing_mm: {given} for {dimensions} dimensions; give one for each")


def _prepared(image: Volume, settings: Settings) -> Source:
    """The image after what is done to the whole of it."""
    if settings.normalise is None:
        return image
    try:
        return derive(image, Normalise(settings.normalise.scale, settings.normalise.outliers))
    except InputError as error:
        raise InputError(f"{image.name}: cannot be normalised: {error}") from None


def _rows(case: Case, choices: tuple[Choice, ...], threads: int) -> tuple[Row, ...]:
    """A row per region, in their order; kernels leave the interpreter free, so that threads help."""
    if min(threads, len(choices)) == 1:
        return tuple(_row(case, choice) for choice in choices)
    context = copy_context()
    with ThreadPoolExecutor(threads, thread_name_prefix="voxmill") as pool:
        return tuple(pool.map(lambda choice: context.copy().run(_row, case, choice), choices))


def _row(case: Case, choice: Choice) -> Row:
    diagnostics = {"label": choice.label, "voxels": choice.voxels, "box": list(choice.box.shape)}
    names = _text(case.name), _text(choice.name)
    try:
        region = Region.read(case.image, case.mask, choice, case.settings)
        features, notes = measure(region)
    except RegionError as error:
        return Row(*names, {}, choice.notes, diagnostics, error=f"region {names[1]}: {error}")
    except MemoryError:
        reason = f"measuring its box of {choice.box.size} voxels needs more memory than there is; free some"
        return Row(*names, {}, choice.notes, diagnostics, error=f"region {names[1]}: {reason}")
    diagnostics |= {"voxels": region.values.size, "box": [side - 2 for side in region.box.shape]}
    return Row(*names, features, (*case.settings.notes, *choice.notes, *region.notes, *notes), diagnostics)


def _text(name: str) -> str:
    """A name that can be written: bytes of a file's name that are no text become question marks."""
    return name.encode(errors="replace").decode()
