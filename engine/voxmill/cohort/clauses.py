"""Settings → sentences for a paper: what was done, and what was not, in the words of the field."""

from collections.abc import Callable, Iterator

from voxmill.cohort.words import FAMILIES, IMAGES, INTERPOLATORS, LIMITS, OUTLINES, ROUNDING
from voxmill.image_types import ImageType, Lbp2d, Lbp3d, LoG, Wavelet
from voxmill.measuring import Discretise
from voxmill.settings import Settings
from voxmill.table import counted
from voxmill_kernels.count.weighting import EQUAL
from voxmill_kernels.features.catalogue import STANDARD

Clause = Callable[[Settings], str]

TEXTURES = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")


def _suv(settings: Settings) -> str:
    if settings.suv:
        return "PET intensities were converted to standardised uptake values normalised to body weight."
    return "Intensities were taken in the unit of the images, without conversion to standardised uptake values."


def _normalise(settings: Settings) -> str:
    step = settings.normalise
    if step is None:
        return "Intensities were not normalised."
    scaled = "" if step.scale == 1 else f" and multiplied by {step.scale:g}"
    limited = (
        "" if step.outliers is None else f"; values beyond {step.outliers:g} standard deviations were set to these"
    )
    return (
        "Intensities were normalised by subtracting the mean of the whole image and dividing by its standard deviation"
        f"{scaled}{limited}."
    )


def _resample(settings: Settings) -> str:
    step = settings.resample
    if step is None:
        return "Images were not resampled: features were computed at the voxel spacing of the images."
    spacing = " × ".join(f"{one:g}" if one else "(that of the mask)" for one in step.spacing_mm)
    single = " Regions of one slice were resampled across it too." if step.single_slices == "resample" else ""
    return (
        f"Images were resampled to a voxel spacing of {spacing} mm (x, y, z) by {INTERPOLATORS[step.interpolator]} "
        "interpolation, on a grid aligned with the corner of the first voxel of the mask, and masks by nearest "
        f"neighbour interpolation; {ROUNDING[step.rounding]}.{single}"
    )


def _mask_grid(settings: Settings) -> str:
    if settings.resample is not None:
        return ""
    if settings.mask_on_other_grid == "error":
        return "Masks had to lie on the grid of their image."
    return "Masks on another grid than their image were resampled onto it by nearest neighbour interpolation."


def _crop(settings: Settings) -> str:
    if settings.crop is None:
        return ""
    margin = counted(settings.crop.margin_voxels, "voxel")
    return f"Images were cropped to the bounding box of the region and a margin of {margin} before filtering."


def _resegment(settings: Settings) -> str:
    step = settings.resegment
    if step is None:
        return "Regions were not resegmented by intensity."
    limits = f"at least {step.range[0]:g}" if len(step.range) == 1 else f"{step.range[0]:g} to {step.range[1]:g}"
    return (
        f"Regions were resegmented to voxels within {limits} ({LIMITS[step.mode]}, limits included); "
        f"{OUTLINES[step.shape]}."
    )


def _regions(settings: Settings) -> str:
    named = "all labels of the masks" if settings.labels is None else f"the labels {_listed(settings.labels)}"
    unions = [f"{name} ({_listed(labels)})" for name, labels in settings.unions.items()]
    united = f" and of the unions of labels {', '.join(unions)}" if unions else ""
    channel = "" if settings.label_channel is None else f" in channel {settings.label_channel} of the masks"
    smallest = (
        f"Regions of fewer than {counted(settings.min_region_voxels, 'voxel')}, or longer than one voxel along fewer "
        f"than {counted(settings.min_region_dimensions, 'axis').replace('axiss', 'axes')}, were left out."
    )
    return f"Features were computed of {named}{united}{channel}. {smallest}"


def _components(settings: Settings) -> str:
    split = settings.components
    if split is None:
        return "Regions were not split into connected components."
    least = f" of at least {split.min_volume_mm3:g} mm³" if split.min_volume_mm3 else ""
    return f"Each region was split into its connected components{least} ({split.connectivity}-connected)."


def _discretise(settings: Settings) -> str:
    return f"Intensities were discretised {_bins(settings.discretise)}."


def _bins(step: Discretise) -> str:
    if step.bin_width is not None:
        return f"with a fixed bin width of {step.bin_width:g}, bin edges at multiples of it"
    return f"into a fixed number of {step.bin_count} bins between the minimum and maximum of the region"


def _images(settings: Settings) -> str:
    filtered = [_image(name, kind) for name, kind in settings.images.items() if name != "original"]
    if not filtered:
        return "No image filter was applied: features are of the original images."
    original = "the original images and of " if "original" in settings.images else ""
    return f"Intensity and texture features were computed of {original}filtered images: {'; '.join(filtered)}."


def _image(name: str, kind: ImageType) -> str:
    match kind:
        case LoG(sigma_mm=sigmas):
            said = f"Laplacian of Gaussian (LoG, sigma {', '.join(f'{one:g}' for one in sigmas)} mm)"
        case Wavelet(wavelet=wavelet, start_level=start, levels=levels):
            shown = f"{levels}" if not start else f"{levels} after {start}"
            said = f"undecimated wavelet ({wavelet}, levels: {shown})"
        case Lbp2d(samples=samples, radius=radius, method=method):
            said = f"local binary patterns of slices ({method}, {samples} samples, radius {radius:g} voxels)"
        case Lbp3d(levels=levels, radius=radius, subdivision=subdivision):
            said = f"local binary patterns in 3D (levels {levels}, radius {radius:g} voxels, icosphere {subdivision})"
        case _:
            said = IMAGES[name]
    return said + _own(kind)


def _own(kind: ImageType) -> str:
    """What an image type has of its own."""
    own = {name: value for name, value in kind.own.items() if value is not None}
    said = [f"discretised {_bins(kind.discretise)}"] if kind.discretise is not None else []
    said += [f"{name} {value}" for name, value in own.items() if name != "discretise"]
    return f", {', '.join(said)}" if said else ""


def _features(settings: Settings) -> str:
    return f"The feature classes were {', '.join(_families(settings))}."


def _families(settings: Settings) -> Iterator[str]:
    for family, names in settings.features.items():
        whole = names == STANDARD[family]
        count = counted(len(names), "feature")
        yield f"{FAMILIES[family]} ({count})" if whole else f"{FAMILIES[family]} ({count}: {', '.join(names)})"


def _texture(settings: Settings) -> str:
    if not set(TEXTURES) & set(settings.features):
        return "No texture was measured."
    where = (
        "in three dimensions" if settings.slice_axis is None else f"within slices across the {settings.slice_axis} axis"
    )
    distances = ", ".join(map(str, settings.distances))
    return f"Texture was measured {where}, between voxels at a distance of {distances} (Chebyshev)."


def _weighting(settings: Settings) -> str:
    if not {"glcm", "glrlm"} & set(settings.features):
        return ""
    if settings.weighting is None:
        return "GLCM and GLRLM features are means over the features of all directions."
    weighed = (
        "all of one weight" if settings.weighting == EQUAL else f"weighted by distance (norm: {settings.weighting})"
    )
    return f"GLCM and GLRLM of all directions were merged into one, {weighed}."


def _glcm(settings: Settings) -> str:
    if "glcm" not in settings.features:
        return ""
    return f"Co-occurrence was counted {'symmetrically' if settings.glcm_symmetric else 'in one direction only'}."


def _gldm(settings: Settings) -> str:
    if "gldm" not in settings.features:
        return ""
    return (
        f"Neighbours in the GLDM depend on a voxel up to a difference of {counted(settings.gldm_alpha, 'grey level')}."
    )


def _shift(settings: Settings) -> str:
    if not settings.voxel_array_shift:
        return ""
    return f"{settings.voxel_array_shift:g} was added to every intensity for Energy, TotalEnergy and RootMeanSquared."


def _definitions(settings: Settings) -> str:
    said = (
        "Features are defined as in PyRadiomics 3.0.1; those that the Image Biomarker Standardisation Initiative "
        "(IBSI) defines too are listed with its codes in dictionary.csv."
    )
    if "Kurtosis" in settings.features.get("firstorder", ()):
        said += " Other than in IBSI, kurtosis is not diminished by 3."
    steps = [settings.discretise, *(kind.discretise for kind in settings.images.values())]
    if any(step is not None and step.bin_width is not None for step in steps):
        said += " Other than in IBSI, bins of fixed width begin at a multiple of it, not at a bound of the region."
    return said


def _listed(labels: tuple[int | str, ...]) -> str:
    return ", ".join(map(str, labels))


CLAUSES: tuple[Clause, ...] = (
    _suv,
    _normalise,
    _resample,
    _mask_grid,
    _crop,
    _resegment,
    _regions,
    _components,
    _discretise,
    _images,
    _features,
    _texture,
    _weighting,
    _glcm,
    _gldm,
    _shift,
    _definitions,
)
"""What is said of settings, in the order in which it is done; each says what was done, or that it was not."""
