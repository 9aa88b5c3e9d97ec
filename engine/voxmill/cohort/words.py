"""What values of settings are called in a paper."""

from collections.abc import Mapping

INTERPOLATORS: Mapping[str, str] = {
    "bspline": "cubic B-spline",
    "linear": "trilinear",
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
LIMITS: Mapping[str, str] = {
    "absolute": "intensities",
    "relative": "shares of the largest intensity in the region",
    "sigma": "standard deviations from the mean intensity in the region",
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
IMAGES: Mapping[str, str] = {
    "square": "the square of the intensities",
    "squareroot": "the square root of the intensities",
    "logarithm": "the logarithm of the intensities",
    "exponential": "the exponential of the intensities",
    "gradient": "the magnitude of the gradient",
}
