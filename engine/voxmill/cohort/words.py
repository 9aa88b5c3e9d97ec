"""What values of settings are called in a paper, and how numbers and lists are written there."""

from collections.abc import Iterable, Mapping

INTERPOLATORS: Mapping[str, str] = {
    "bspline": "cubic B-spline",
    "linear": "linear",
    "nearest": "nearest neighbour",
    "gaussian": "Gaussian",
    "label_gaussian": "label Gaussian",
    "hamming": "windowed sinc (Hamming)",
    "cosine": "windowed sinc (cosine)",
    "welch": "windowed sinc (Welch)",
    "lanczos": "windowed sinc (Lanczos)",
    "blackman": "windowed sinc (Blackman)",
}
ROUNDING: Mapping[str, str] = {
    "truncate": "intensities of whole numbers were truncated to whole numbers afterwards",
    "nearest": "intensities of whole numbers were rounded to whole numbers afterwards",
    "none": "intensities were not rounded afterwards",
}
SINGLE_SLICES: Mapping[str, str] = {
    "keep": "Across a region of one slice, the spacing of the mask was kept.",
    "resample": "Regions of one slice were resampled across it too.",
}
LIMITS: Mapping[str, str] = {
    "absolute": "",
    "relative": " times the largest intensity in the region",
    "sigma": " standard deviations (divisor n) from the mean intensity in the region",
}
OUTLINES: Mapping[str, str] = {
    "clipped": "shape was measured of the region cut to the bounding box of what was left",
    "whole": "shape was measured of the whole region",
    "resegmented": "shape was measured of what was left",
}
FAMILIES: Mapping[str, str] = {
    "shape": "shape",
    "shape2D": "shape in 2D",
    "firstorder": "first-order statistics",
    "glcm": "grey level co-occurrence matrix (GLCM)",
    "gldm": "grey level dependence matrix (GLDM)",
    "glrlm": "grey level run length matrix (GLRLM)",
    "glszm": "grey level size zone matrix (GLSZM)",
    "ngtdm": "neighbourhood grey tone difference matrix (NGTDM)",
}
NORMS: Mapping[str, str] = {
    "manhattan": "Manhattan norm",
    "euclidean": "Euclidean norm",
    "infinity": "maximum norm",
}
IMAGES: Mapping[str, str] = {
    "original": "original",
    "log": "LoG",
    "wavelet": "wavelet",
    "square": "square",
    "squareroot": "square root",
    "logarithm": "logarithm",
    "exponential": "exponential",
    "gradient": "gradient",
    "lbp2d": "LBP2D",
    "lbp3d": "LBP3D",
}
"""Image types, where a setting is told that only some of them have."""
POINTWISE: Mapping[str, str] = {
    "square": "the square of the intensities",
    "squareroot": "the square root of the absolute intensities with their sign",
    "logarithm": "the logarithm of the absolute intensities plus 1 with their sign",
    "exponential": "the exponential of the intensities",
}
"""Image types that look at a voxel by itself."""


def written(number: float) -> str:
    """A number with all digits that it has, and none more."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))


def of_unit(number: float, unit: str) -> str:
    """A number with its unit, one or several: 1 voxel, 1.5 voxels."""
    return f"{written(number)} {unit}{'s' * (number != 1)}"


def listed(parts: Iterable[object]) -> str:
    """Several things in a sentence: 1, 2 and 3."""
    *others, last = map(str, parts)
    return f"{', '.join(others)} and {last}" if others else last
