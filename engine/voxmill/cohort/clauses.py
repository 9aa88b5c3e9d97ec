"""Settings → sentences for a paper, of what is done to images and masks before anything is measured."""

from collections.abc import Callable, Sequence

from voxmill.cohort.parts import has_filters, has_shape, uses_intensities
from voxmill.cohort.words import INTERPOLATORS, LIMITS, OUTLINES, ROUNDING, SINGLE_SLICES, listed, written
from voxmill.errors import counted
from voxmill.segments import PATTERN_SIGNS
from voxmill.settings import Settings
from voxmill.steps import Resample

Clause = Callable[[Settings], str]


def _suv(settings: Settings) -> str:
    if not uses_intensities(settings):
        return ""
    if settings.suv:
        return "PET intensities were converted to standardised uptake values normalised to body weight."
    return "Intensities were taken in the unit of the images, without conversion to standardised uptake values."


def _normalise(settings: Settings) -> str:
    step = settings.normalise
    if not uses_intensities(settings):
        return ""
    if step is None:
        return "Intensities were not normalised."
    done = ["subtracting the mean of the whole image", "dividing by its standard deviation (divisor n - 1)"]
    if step.outliers is not None:
        done.append(f"setting values beyond {written(step.outliers)} standard deviations from the mean to that limit")
    if step.scale != 1:
        done.append(f"multiplying by {written(step.scale)}")
    return f"Intensities were normalised by {listed(done)}."


def _resample(settings: Settings) -> str:
    step = settings.resample
    if step is None:
        return "Images were not resampled: features were computed at the voxel spacing of the images."
    spacing = " × ".join(written(one) if one else "(that of the mask)" for one in step.spacing_mm)
    axes = ", ".join("xyz"[: len(step.spacing_mm)])
    is_whole = settings.suv or settings.normalise is not None
    rounded = "" if is_whole or not uses_intensities(settings) else f" {_sentence(ROUNDING[step.rounding])}"
    return (
        f"Images were resampled to a voxel spacing of {spacing} mm ({axes}) by {INTERPOLATORS[step.interpolator]} "
        f"interpolation, and masks by nearest neighbour interpolation, on a grid aligned with the corner of the "
        f"first voxel of the mask{_reach(settings, step)}.{rounded} {SINGLE_SLICES[step.single_slices]}"
    )


def _reach(settings: Settings, step: Resample) -> str:
    """How far a resampled image goes, where more than the region itself is looked at."""
    if not has_filters(settings):
        return ""
    return f" that reached {counted(step.margin_voxels, 'voxel')} beyond the bounding box of the region"


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _mask_grid(settings: Settings) -> str:
    if settings.resample is not None:
        return ""
    tolerance = f"(tolerance: {written(settings.grid_tolerance)} of its spacing)"
    if settings.mask_on_other_grid == "error":
        return f"Masks had to lie on the grid of their image {tolerance}."
    return (
        f"Masks on another grid than their image {tolerance} were resampled onto it by nearest neighbour interpolation."
    )


def _crop(settings: Settings) -> str:
    """What is cut off changes filtered images alone."""
    if settings.crop is None or not has_filters(settings):
        return ""
    margin = counted(settings.crop.margin_voxels, "voxel")
    return f"Images were cropped to the bounding box of the region and a margin of {margin} before filtering."


def _resegment(settings: Settings) -> str:
    step = settings.resegment
    if step is None:
        return "Regions were not resegmented by intensity."
    bounds = [written(one) for one in step.range]
    limits = f"of at least {bounds[0]}" if len(bounds) == 1 else f"from {bounds[0]} to {bounds[1]}"
    included = "limit included" if len(bounds) == 1 else "limits included"
    outline = f"; {OUTLINES[step.shape]}" if has_shape(settings) else ""
    return f"Regions were resegmented to voxels with intensities {limits}{LIMITS[step.mode]} ({included}){outline}."


def _regions(settings: Settings) -> str:
    """Where `labels` names unions, only those are measured, and no other label where it names no more."""
    chosen = settings.labels
    named = {name: united for name, united in settings.unions.items() if name in (chosen or ())}
    plain = None if chosen is None else [one for one in chosen if one not in settings.unions]
    parts = ["all labels of the masks"] if plain is None else [_labels(plain)] if plain else []
    parts += [f"the union {name} of {_labels(united)}" for name, united in (named or settings.unions).items()]
    channel = "" if settings.label_channel is None else f", in channel {settings.label_channel} (from 0) of the masks"
    return f"Features were computed of {listed(parts)}{channel}."


def _labels(labels: Sequence[int | str]) -> str:
    """Labels by number and name, and by pattern of names."""
    patterns = [one for one in labels if isinstance(one, str) and any(sign in one for sign in PATTERN_SIGNS)]
    plain = [one for one in labels if one not in patterns]
    parts = [f"the label{'s' * (len(plain) != 1)} {listed(plain)}"] if plain else []
    return listed([*parts, *([f"all labels whose names match {listed(patterns)}"] if patterns else [])])


def _smallest(settings: Settings) -> str:
    """A region of two voxels is longer than one voxel along one axis at least."""
    steps = settings.resample is not None or settings.resegment is not None
    axes = settings.min_region_dimensions
    flat = "" if axes == 1 else f", or longer than one voxel along fewer than {axes} axes,"
    after = " after these steps" if steps else ""
    return f"Regions of fewer than {counted(settings.min_region_voxels, 'voxel')}{flat}{after} were not measured."


def _components(settings: Settings) -> str:
    split = settings.components
    if split is None:
        return "Regions were not split into connected components."
    least = f" of at least {written(split.min_volume_mm3)} mm³" if split.min_volume_mm3 else ""
    return (
        f"Each region was split into its connected components{least} ({split.connectivity}-connected) on the grid of "
        "its mask."
    )


STEPS: tuple[Clause, ...] = (
    _suv,
    _normalise,
    _mask_grid,
    _regions,
    _components,
    _resample,
    _crop,
    _resegment,
    _smallest,
)
"""What is said of steps, in the order in which they are done; each says what was done, or that it was not."""
