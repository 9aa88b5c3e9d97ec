"""The steps from slice to slice: even, a little uneven, with slices missing; what is read, noted or refused."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, several

JITTER_MM = 0.3
"""How far a slice may lie from its regular place and be read there, with a note.

Tables stop a tenth of a millimetre off, and steps of 0.08 mm off are usual in PET; below a third of a millimetre lie
all of these, and well above it a slice that is missing.
"""
JITTER_SHARE = 0.2
"""The same as a share of the step, for thin slices: a missing one is 100 % off, so that there is no doubt."""
ROUNDING_MM = 0.01
"""Below this, steps are even: decimals that headers leave out."""


@dataclass(frozen=True)
class Steps:
    """Slices at regular steps, in mm, and the places of the frames among them, counted in slices.

    tolerance: how far, in mm, a frame may lie from its place.
    """

    slices: int
    step: float
    places: NDArray[np.float64]
    tolerance: float
    notes: tuple[str, ...]


def steps_of(along: NDArray[np.float64], *, name: str, allow_gaps: bool) -> Steps:
    """The regular slices for frames at these positions along the normal, in mm, ascending, two or more.

    Raises InputError for missing slices and uneven steps, unless `allow_gaps`: then slices are to be made up.
    """
    found = np.diff(along)
    usual = float(np.sort(found)[(len(found) - 1) // 2])
    tolerance = min(JITTER_MM, JITTER_SHARE * usual)
    extent = float(along[-1] - along[0])
    count = max(len(found), round(extent / _fitted(found, usual)))
    if count > 2 * len(along):
        raise InputError.about(
            name,
            f"most of its slices are missing: {len(along)} of {count + 1} are there, by their usual step of "
            f"{usual:.3g} mm; give the whole series",
        )
    step = extent / count
    places = (along - along[0]) / step
    nearest = places.round()
    off = np.abs(places - nearest) * step
    places = np.where(off <= tolerance, nearest, places)
    even = np.abs(found - np.diff(nearest) * step) <= 2 * tolerance
    missing = sorted(set(range(count + 1)) - {int(place) for place in places if place == int(place)})
    if not missing and len(along) == count + 1 and off.max() <= tolerance and even.all():
        return Steps(count + 1, step, places, tolerance, _jitter(found, off, step))
    if not allow_gaps:
        raise InputError.about(name, _irregularity(along, places, step, tolerance))
    said = _made_up(missing)
    return Steps(count + 1, step, places, tolerance, (said, *_jitter(found[found < 1.5 * step], off, step)))


def _fitted(found: NDArray[np.float64], usual: float) -> float:
    """The mean of the steps that are no gaps: over many slices the usual one alone, rounded, would miss the end."""
    return float(found[np.abs(found - usual) <= JITTER_SHARE * usual].mean())


def _jitter(found: NDArray[np.float64], off: NDArray[np.float64], step: float) -> tuple[str, ...]:
    if off.max() <= ROUNDING_MM:
        return ()
    return (f"the steps between its slices vary from {found.min():.3f} to {found.max():.3f} mm: read as {step:.3f} mm",)


def _irregularity(along: NDArray[np.float64], places: NDArray[np.float64], step: float, tolerance: float) -> str:
    steps = np.diff(along)
    is_lattice = bool((places == places.round()).all())
    gaps = [f"{round(steps[at] / step) - 1} after slice {at + 1}" for at in np.flatnonzero(steps > 1.5 * step)]
    if is_lattice and gaps:
        fault = f"slices are missing, of {step:.3g} mm each: {several(gaps, separator=', ')}"
    else:
        found = f"{steps.min():.3f} to {steps.max():.3f} mm"
        fault = f"the steps between its slices are uneven, {found} (up to {tolerance:g} mm off is taken)"
    return f"{fault}; give the whole series, or allow gaps (--allow-gaps; allow_gaps=True) to make up slices"


def _made_up(missing: list[int]) -> str:
    listed = several([str(slice_ + 1) for slice_ in missing], separator=", ")
    return f"{len(missing)} of its slices made up by linear interpolation between their neighbours: {listed}"
