"""The values of a row, as PyRadiomics gives them: which there are, in which order, of which type."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.table import PREFIX
from voxmill_kernels.features.catalogue import FAMILIES

Value = np.float64 | NDArray[np.float64]

NAMES: Mapping[str, Mapping[str, bool]] = {
    family: {f.name: bool(f.deprecated) for f in sorted(features, key=lambda f: f"get{f.name}FeatureValue")}
    for family, features in FAMILIES.items()
}
"""The features of every class in the order of its methods, and whether each is deprecated."""
WITHOUT_VALUE = frozenset(
    {
        ("glcm", "Dissimilarity"),
        ("glcm", "Homogeneity1"),
        ("glcm", "Homogeneity2"),
        ("glcm", "SumVariance"),
        ("gldm", "DependencePercentage"),
        ("gldm", "GrayLevelNonUniformityNormalized"),
    }
)
"""Deprecated features that PyRadiomics gives no value for, even where they are named."""
NUMBERS = frozenset(
    {
        ("shape", "Compactness1"),
        ("shape", "Elongation"),
        ("shape", "Flatness"),
        ("shape", "LeastAxisLength"),
        ("shape", "MajorAxisLength"),
        ("shape", "MinorAxisLength"),
        ("shape", "VoxelVolume"),
        ("shape2D", "Elongation"),
        ("shape2D", "MajorAxisLength"),
        ("shape2D", "MinorAxisLength"),
        ("shape2D", "PixelSurface"),
        ("shape2D", "SphericalDisproportion"),
        ("shape2D", "Sphericity"),
    }
)
"""Features that are a number of NumPy; all others are arrays of shape ()."""


def standard(family: str) -> list[str]:
    """The features of a class that are not deprecated."""
    return [name for name, deprecated in NAMES[family].items() if not deprecated]


def value_of(family: str, name: str, value: float) -> Value:
    """A feature as PyRadiomics gives it."""
    number = np.float64(value)
    return number if (family, name) in NUMBERS else np.array(number)


def value_of_method(family: str, name: str, value: float) -> Value | float:
    """A feature as the method of its class gives it: of shape a number, of all others an array of one value."""
    if (family, name) in NUMBERS:
        return np.float64(value)
    return float(value) if family.startswith("shape") else np.array([value])


def filtered(features: Mapping[str, float]) -> list[str]:
    """The names of the images that the features of a row are of, but for shape."""
    return list(dict.fromkeys(name.split("_")[0] for name in features if "_shape" not in name))


def ordered(features: Mapping[str, float], wanted: Mapping[str, Sequence[str] | None]) -> Iterator[tuple[str, Value]]:
    """The features of a row that are wanted, by class: shape first, then every image type in turn."""
    shapes = {family: names for family, names in wanted.items() if family.startswith("shape")}
    others = {family: names for family, names in wanted.items() if family not in shapes}
    for image, families in (("original", shapes), *((image, others) for image in filtered(features))):
        for family, names in families.items():
            for name in dict.fromkeys(names or standard(family)):
                column = f"{image}_{family}_{name}"
                if column in features and (family, name) not in WITHOUT_VALUE:
                    yield column, value_of(family, name, features[column])


def reported(diagnostics: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """PyRadiomics' diagnostics among those of a row: its numbers are NumPy's, a centre by index is a tuple of these."""
    for name, value in diagnostics.items():
        if not name.startswith(PREFIX):
            continue
        if isinstance(value, float):
            yield name, np.float64(value)
        elif name.endswith("_CenterOfMassIndex"):
            yield name, tuple(map(np.float64, value))
        else:
            yield name, value
