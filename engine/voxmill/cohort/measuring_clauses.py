"""Settings → sentences for a paper, of which images and features were measured, and how."""

from collections.abc import Iterator

from voxmill.cohort.clauses import Clause
from voxmill.cohort.parts import (
    BINNED,
    SHIFTED,
    by_image,
    first_order,
    has_filters,
    has_levels,
    has_values,
    textures,
)
from voxmill.cohort.words import FAMILIES, NORMS, POINTWISE, listed, of_unit, written
from voxmill.errors import counted
from voxmill.image_types import Gradient, ImageType, Lbp2d, Lbp3d, LoG, Wavelet
from voxmill.measuring_settings import Discretise
from voxmill.settings import Settings
from voxmill_kernels.count.weighting import EQUAL
from voxmill_kernels.features.catalogue import STANDARD

DISTANT = ("glcm", "gldm", "ngtdm")
"""Families of neighbours at distances."""
DIRECTED = ("glcm", "glrlm")
"""Families that have a matrix for each direction."""
FIRST = "z"
"""The axis that slices of LBP lie across where nobody chooses one."""


def _features(settings: Settings) -> str:
    return f"The feature classes were {', '.join(_families(settings))}."


def _families(settings: Settings) -> Iterator[str]:
    for family, names in settings.features.items():
        count = counted(len(names), "feature")
        told = count if names == STANDARD[family] else f"{count}: {', '.join(names)}"
        yield f"{FAMILIES[family]} ({told})"


def _shape_in_2d(settings: Settings) -> str:
    if "shape2D" not in settings.features:
        return ""
    axis = "any axis" if settings.slice_axis is None else f"the {settings.slice_axis} axis"
    return f"Shape in 2D was measured of regions of one slice across {axis}."


def _images(settings: Settings) -> str:
    if not has_values(settings):
        return ""
    if not has_filters(settings):
        return "No image filter was applied: features are of the original images."
    filtered = [_image(settings, name) for name in settings.images if name != "original"]
    original = "the original images and of " if "original" in settings.images else ""
    kinds = ["intensity"] * ("firstorder" in settings.features) + ["texture"] * bool(textures(settings))
    return f"{listed(kinds).capitalize()} features were computed of {original}filtered images: {'; '.join(filtered)}."


def _image(settings: Settings, name: str) -> str:
    kind = settings.images[name]
    if name in POINTWISE:
        return f"{POINTWISE[name]}, scaled by the largest absolute intensity of the image"
    return _filter(kind, settings.of_image(name).slice_axis)


def _filter(kind: ImageType, slice_axis: str | None) -> str:
    match kind:
        case LoG(sigma_mm=sigmas):
            return f"Laplacian of Gaussian (LoG, sigma {listed(map(written, sigmas))} mm)"
        case Wavelet(wavelet=wavelet, start_level=start, levels=levels):
            within = "" if slice_axis is None else f", within slices across the {slice_axis} axis"
            last = start + levels
            shown = f"level {last}" if levels == 1 else f"levels {start + 1} to {last}"
            bands = "all bands" if levels == 1 else "the detail bands of each level and the approximation of the last"
            return f"{bands} of an undecimated wavelet transform ({wavelet}, {shown}{within})"
        case Gradient(use_spacing=per_mm):
            return f"the magnitude of the gradient, per {'mm' if per_mm else 'voxel'}"
        case Lbp2d():
            return _patterns(kind, kind.axis or slice_axis or FIRST)
        case Lbp3d(levels=levels, radius=radius, subdivision=subdivision):
            return (
                f"local binary patterns in 3D ({counted(levels, 'level')} of spherical harmonics and kurtosis, radius "
                f"{of_unit(radius, 'voxel')}, icosahedron subdivided {of_unit(subdivision, 'time')})"
            )
    raise TypeError(f"a filter without words: {type(kind).__name__}")


def _patterns(kind: Lbp2d, axis: str) -> str:
    return (
        f"local binary patterns of slices across the {axis} axis (method {kind.method} of scikit-image, "
        f"{counted(kind.samples, 'sample')}, radius {of_unit(kind.radius, 'voxel')})"
    )


def _discretise(settings: Settings) -> str:
    if not has_levels(settings):
        return ""
    uses = ["texture"] * bool(textures(settings)) + first_order(settings, BINNED)
    bins = by_image(settings, lambda own: _bins(own.discretise))
    return f"For {listed(uses)}, intensities were discretised {bins}."


def _bins(step: Discretise) -> str:
    if step.bin_width is not None:
        return f"with a fixed bin width of {written(step.bin_width)}, bin edges at multiples of it"
    return f"into a fixed number of {step.bin_count} bins between the minimum and maximum of the region"


def _texture(settings: Settings) -> str:
    if not textures(settings):
        return "No texture was measured."
    return f"Texture was measured {by_image(settings, _where)}."


def _where(own: Settings) -> str:
    return "in three dimensions" if own.slice_axis is None else f"within slices across the {own.slice_axis} axis"


def _distances(settings: Settings) -> str:
    families = _shown(settings, DISTANT)
    if not families:
        return ""
    return f"Neighbours of a voxel ({families}) were those at a Chebyshev distance of {by_image(settings, _far)}."


def _far(own: Settings) -> str:
    return f"{listed(own.distances)} voxel{'s' * (own.distances != (1,))}"


def _shown(settings: Settings, families: tuple[str, ...]) -> str:
    """Those of these families that are measured; nothing where none is."""
    wanted = [family.upper() for family in families if family in settings.features]
    return listed(wanted) if wanted else ""


def _directions(settings: Settings) -> str:
    families = _shown(settings, DIRECTED)
    if not families:
        return ""
    return f"{families} features were computed {by_image(settings, _merging)}."


def _merging(own: Settings) -> str:
    if own.weighting is None:
        return "for each direction and averaged"
    if own.weighting == EQUAL:
        return "from one matrix of all directions, merged with equal weights"
    weights = {"glcm": "exp(-length²)", "glrlm": "length"}
    told = listed(f"{weights[one]} ({one.upper()})" for one in DIRECTED if one in own.features)
    return (
        f"from one matrix of all directions, merged with a weight of {told} by the length of a direction in mm "
        f"({NORMS[own.weighting]})"
    )


def _glcm(settings: Settings) -> str:
    if "glcm" not in settings.features:
        return ""
    return f"Co-occurrence was counted {by_image(settings, _symmetry)}."


def _symmetry(own: Settings) -> str:
    return "symmetrically" if own.glcm_symmetric else "in one direction only"


def _gldm(settings: Settings) -> str:
    if "gldm" not in settings.features:
        return ""
    most = by_image(settings, lambda own: counted(own.gldm_alpha, "grey level"))
    return f"In the GLDM, a neighbour depends on a voxel up to a difference of {most}."


def _shift(settings: Settings) -> str:
    names = first_order(settings, SHIFTED)
    shifts = by_image(settings, lambda own: written(own.voxel_array_shift))
    if not names or shifts == "0":
        return ""
    return f"Added to every intensity before it was squared for {listed(names)}: {shifts}."


def _definitions(settings: Settings) -> str:
    said = (
        "Features are defined as in PyRadiomics 3.0.1; those that the Image Biomarker Standardisation Initiative "
        "(IBSI) defines too are listed with its codes in dictionary.csv."
    )
    if first_order(settings, ("Kurtosis",)):
        said += " Other than in IBSI, kurtosis is not diminished by 3."
    widths = [settings.of_image(name).discretise.bin_width for name in settings.images]
    if has_levels(settings) and any(width is not None for width in widths):
        said += " Other than in IBSI, bins of fixed width begin at a multiple of it, not at a bound of the region."
    return said


MEASURING: tuple[Clause, ...] = (
    _features,
    _shape_in_2d,
    _images,
    _discretise,
    _texture,
    _distances,
    _directions,
    _glcm,
    _gldm,
    _shift,
    _definitions,
)
"""What is said of what was measured, in this order."""
