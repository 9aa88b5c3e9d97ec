"""Choices → voxels: where a region lies and what its intensities are, after the steps that the settings ask for."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill import steps
from voxmill.choices import Asked, Choice, Refused, labelled
from voxmill.errors import InputError, RegionError, agreeing, counted
from voxmill.execute import derive
from voxmill.grid import MAX_SHEAR, Grid, Index, Window
from voxmill.operators.crop import Crop
from voxmill.operators.lattice import region_grid, require_inside
from voxmill.operators.operator import Form
from voxmill.operators.resample import nearest_labels, resampling
from voxmill.operators.resegment import Resegment
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill.volume import Mask, Source
from voxmill_kernels.array import device_of, to_host
from voxmill_kernels.facts import boxes
from voxmill_kernels.intensities import gather, gather_again

MOST_KEPT = 1 << 22
"""An image that is made for a region is kept if it has no more voxels, or no more than twice those of its box."""
PLACE_BYTES = 8
"""Of a voxel on a device: where it lies in the box of its region."""


@dataclass(frozen=True)
class Snapshot:
    """A region as it is after a step.

    after: corrected (its mask was brought onto the grid of its image), interpolated or resegmented, in PyRadiomics'
    words. image: what it is measured in then. window: where it lies there. inside: True at its voxels in that window.
    values: (voxels,), in that order.
    """

    after: str
    image: Source
    window: Window
    inside: NDArray[np.bool_]
    values: NDArray[Any]


@dataclass(frozen=True)
class Voxels:
    """What is measured of a region.

    box: the smallest one around the region within one layer of outside, 0 outside and 1 inside, z, y, x. values:
    (voxels,), in the order of the box and of the image's type, on a device where the image is. outline: what shape is
    measured of, a box as well. image: what is measured. window: where the box, without the layer around it, lies
    there. snapshots: for settings with diagnostics, one after every step that changed the region. notes: what a reader
    of the row should know.
    """

    box: NDArray[np.int8]
    values: NDArray[Any]
    outline: NDArray[np.int8]
    image: Source
    window: Window
    snapshots: tuple[Snapshot, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a region is read: a window of an image, and the labels of that window, of which it is one.

    after: the step that led there, as in Snapshot; empty where the mask lies on the grid of its image.
    """

    source: Source
    window: Window
    labels: NDArray[Any]
    number: int
    voxels: int
    notes: tuple[str, ...] = ()
    after: str = ""


def place_of(image: Source, mask: Mask, choice: Asked, settings: Settings) -> Place:
    """Where a region is read; raises RegionError when it cannot be measured."""
    if isinstance(choice, Refused):
        raise RegionError(choice.why)
    place = _placed(image, mask, choice, settings)
    _check_size(place.voxels, place.window.shape, settings, after="" if settings.resample is None else "resampled, ")
    return place


def is_kept(place: Place, image: Source, settings: Settings) -> bool:
    """Whether to make all of the image of a place at once: one made of `image` for it, of which more is made again."""
    if place.source is image or not (settings.diagnostics or list(settings.images) != ["original"]):
        return False
    return Window.whole(place.source.grid.shape).size <= max(MOST_KEPT, 2 * place.window.size)


def bytes_held(place: Place, image: Source, settings: Settings) -> int:
    """At most so many bytes of a device are held for a region until it is measured: its intensities, where they lie.

    And its image, if that is kept.
    """
    itemsize = place.source.dtype.itemsize
    kept = Window.whole(place.source.grid.shape).size if is_kept(place, image, settings) else 0
    return kept * itemsize + place.voxels * (itemsize + PLACE_BYTES)


def voxels_of(place: Place, image: NDArray[Any], settings: Settings) -> Voxels:
    """The voxels of a region, from the box of its place; raises RegionError when it cannot be measured."""
    box, values = _gathered(image, place)
    snapshots = _snapshots(place, box, values, settings)
    whole = Voxels(box, values, box, place.source, place.window, snapshots, place.notes)
    if settings.resegment is not None:
        return _resegmented(whole, place, settings.resegment, settings)
    _check_finite(values, spread=place.after == "interpolated")
    return whole


@dataclass(frozen=True)
class MeasuredImage:
    """An image that a region is measured in: its name in columns, the image, and the settings that hold there.

    filtered: whether it is another one than that of the region.
    """

    name: str
    image: Source
    settings: Settings
    filtered: bool = True


def images_of(image: Source, settings: Settings) -> tuple[list[MeasuredImage], list[str]]:
    """The images that are made of one to measure a region in, and notes on those that cannot be made."""
    if list(settings.images) == ["original"]:
        own = settings.of_image("original").within(image.grid.dimensions)
        return [MeasuredImage("original", image, own, filtered=False)], []
    from voxmill.operators.images import chains, left_out  # which load the kernels of all filters

    found: list[MeasuredImage] = []
    notes: list[str] = []
    for name, kind in settings.images.items():
        own, form = settings.of_image(name).within(image.grid.dimensions), Form(image.grid, image.dtype)
        notes += [f"{name}: left out: {reason}" for reason in left_out(kind, form, own.slice_axis)]
        for title, operators in chains(kind, form, own.slice_axis).items():
            try:
                found.append(MeasuredImage(title, derive(image, *operators), own, filtered=bool(operators)))
            except InputError as error:
                notes.append(f"{name}: left out: {error}")
    return found, list(dict.fromkeys(notes))


def seen_in(voxels: Voxels, box: NDArray[Any]) -> Voxels:
    """The same region in another image, whose box is that of the region's window; raises RegionError."""
    values = gather_again(box, voxels.box, voxels.values.size)
    _check_finite(values)
    return replace(voxels, values=values)


def _placed(image: Source, mask: Mask, choice: Choice, settings: Settings) -> Place:
    """The region on the grid on which it is measured: that of the image, or one made for it."""
    step = settings.resample
    if step is None and image.grid.matches(mask.grid, tolerance=settings.grid_tolerance):
        place = Place(image, choice.box, *labelled(mask, choice), choice.voxels)
        return place if settings.crop is None else _cropped(place, settings.crop.margin_voxels)
    require_inside(image.grid, mask.grid, choice.box)
    target = image.grid if step is None else region_grid(step, image.grid, mask.grid, choice.box)
    place = _moved(image, mask, choice, target)
    if step is not None:
        place = replace(place, after="interpolated", notes=_square_notes(mask.grid))
        if target is image.grid:
            return _cropped(place, step.margin_voxels)
        return replace(place, source=derive(image, *resampling(step, image.dtype, target)))
    note = "mask resampled onto the grid of its image (nearest voxel)"
    place = replace(place, notes=(note,))
    if settings.crop is None:
        return replace(place, after="corrected")
    return _cropped(place, settings.crop.margin_voxels)  # PyRadiomics does not report a corrected mask that it crops


def _square_notes(mask: Grid) -> tuple[str, ...]:
    """What is to be said of a mask whose axes are not at right angles, on whose axes a region cannot be resampled."""
    if mask.shear <= MAX_SHEAR:
        return ()
    return (f"axes not at right angles (cosine {mask.shear:.4f}): resampled onto square axes, along its rows",)


@stage("prepare")
def _moved(image: Source, mask: Mask, choice: Choice, target: Grid) -> Place:
    """The region's labels at the voxels of another grid, cut to its box there."""
    labels, number = labelled(mask, choice)
    window, found = nearest_labels(labels, number, mask.grid, choice.box, target)
    at = next(iter(boxes(found)), None)
    if at is None:
        spacing = " x ".join(f"{one:g}" for one in target.spacing[: target.dimensions])
        raise RegionError(f"no voxel of it is left on a grid of {spacing} mm; choose a smaller spacing")
    _, start, stop, voxels = at
    box = Window(start, stop)
    return Place(image, box.moved(window.start), found[box.slices], 1, voxels)


def _cropped(place: Place, margin: int) -> Place:
    """The same region in its image cut to the box and a margin."""
    window = place.window.grow((margin, margin, margin)).clip(place.source.grid.shape)
    source = derive(place.source, Crop(window))
    return replace(place, source=source, window=place.window.within(window))


@stage("crop")
def _gathered(image: NDArray[Any], place: Place) -> tuple[NDArray[np.int8], NDArray[Any]]:
    return gather(image, place.labels, place.number, place.voxels)


def _snapshots(place: Place, box: NDArray[np.int8], values: NDArray[Any], settings: Settings) -> tuple[Snapshot, ...]:
    """How a region is after the step that led to its place: none where there was no step, or nobody asks."""
    if not (place.after and settings.diagnostics):
        return ()
    return (Snapshot(place.after, place.source, place.window, box[1:-1, 1:-1, 1:-1] == 1, to_host(values)),)


@stage("prepare")
def _resegmented(whole: Voxels, place: Place, step: steps.Resegment, settings: Settings) -> Voxels:
    """The part of a region within limits of intensity, in its own box."""
    if step.mode != "absolute":
        _check_finite(whole.values)
    intensities, device = to_host(whole.values), device_of(whole.values)
    keep = Resegment(step.range, step.mode).keep(intensities)
    values = intensities[keep]
    _check_finite(values)
    if len(values) < settings.min_region_voxels:
        raise RegionError(
            f"resegmentation leaves {len(values)} of its {len(keep)} voxels, at least {settings.min_region_voxels} are "
            "needed (min_region_voxels); choose a wider resegment.range"
        )
    inside = np.zeros(tuple(side - 2 for side in whole.box.shape), dtype=np.uint8)
    inside[whole.box[1:-1, 1:-1, 1:-1] == 1] = keep
    ((_, start, stop, _),) = boxes(inside)
    window = Window(start, stop)
    _check_size(len(values), window.shape, settings, after="resegmented, ")
    box = _framed(inside, window)
    outlines = {"resegmented": box, "whole": whole.box}
    outline = outlines.get(step.shape)
    if outline is None:
        outline = _framed(whole.box[1:-1, 1:-1, 1:-1], window)
    left = replace(place, window=window.moved(place.window.start), after="resegmented")
    snapshots = (*whole.snapshots, *_snapshots(left, box, values, settings))
    values = values if device is None else device.upload(values)
    return replace(whole, box=box, values=values, outline=outline, window=left.window, snapshots=snapshots)


def _framed(inside: NDArray[Any], window: Window) -> NDArray[np.int8]:
    """A window of a region's box, within one layer of outside."""
    return np.pad(inside[window.slices].astype(np.int8), 1)


def _check_size(voxels: int, shape: Index, settings: Settings, *, after: str) -> None:
    long_sides = sum(size > 1 for size in shape)
    if voxels < settings.min_region_voxels:
        raise RegionError(
            f"{after}{counted(voxels, 'voxel')}, at least {settings.min_region_voxels} are needed (min_region_voxels)"
        )
    if long_sides < settings.min_region_dimensions:
        along = f"{long_sides} axis" if long_sides == 1 else f"{long_sides} axes"
        raise RegionError(
            f"{after}longer than one voxel along {along} only, "
            f"at least {settings.min_region_dimensions} are needed (min_region_dimensions)"
        )


def _check_finite(values: NDArray[Any], *, spread: bool = False) -> None:
    """Raise RegionError for what is no number; `spread`: interpolation may have brought it from elsewhere."""
    broken = values.size - int(np.isfinite(values).sum()) if values.dtype.kind == "f" else 0
    if broken:
        where = " after resampling, which spreads those of the image (linear spreads them least)" if spread else ""
        are = f"{broken} of its {values.size} voxels {agreeing(broken, 'is', 'are')}"
        raise RegionError(f"{are} NaN or infinite{where}")
