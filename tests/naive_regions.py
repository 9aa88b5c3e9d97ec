"""Slow, obvious oracles: the features of a whole region, of `naive`'s matrices by `naive_features`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

import naive
import naive_features
from naive_cases import Levels


def present(levels: Levels) -> list[int]:
    """The grey levels that occur."""
    return sorted({int(level) for level in levels[levels > 0]})


def averaged(features: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean over directions; nothing where no direction is left."""
    listed = list(features)
    return {name: sum(f[name] for f in listed) / len(listed) for f in listed[:1] for name in f}


def glcm_features(levels: Levels, *, symmetric: bool = True) -> dict[str, float]:
    """Averaged over the directions that hold a pair (IBSI: ITBB)."""
    numbers = present(levels)
    rows = [number - 1 for number in numbers]
    counts = naive.glcm(levels)[:, rows][:, :, rows]
    pairs = [one + one.T if symmetric else one for one in counts if one.any()]
    return averaged(naive_features.glcm_features(one / one.sum(), numbers) for one in pairs)


def size_features(levels: Levels, matrix: Levels) -> dict[str, float]:
    """Of a matrix of all levels 1..Ng by size (glrlm of one direction, glszm, gldm)."""
    numbers = present(levels)
    rows = matrix[[number - 1 for number in numbers]]
    voxels = int(np.count_nonzero(levels))
    return naive_features.size_matrix_features(rows, numbers, voxels)


def gldm_features(levels: Levels) -> dict[str, float]:
    """Those of the matrix, and how many dependences there are for a voxel."""
    matrix = naive.gldm(levels)
    share = float(matrix.sum()) / np.count_nonzero(levels)
    return {**size_features(levels, matrix), "SizePercentage": share}


def glrlm_features(levels: Levels) -> dict[str, float]:
    """Averaged over the directions that hold a run (IBSI: ITBB)."""
    counts = naive.glrlm(levels)
    return averaged(size_features(levels, one) for one in counts if one.any())


# PyRadiomics' words for what the three size matrices share, replaced in this order.
WORDS = {
    "glrlm": {
        "ShortRun": "Small",
        "LongRun": "Large",
        "RunLength": "Size",
        "RunVariance": "SizeVariance",
        "Run": "",
    },
    "glszm": {
        "SmallArea": "Small",
        "LargeArea": "Large",
        "SizeZone": "Size",
        "ZoneVariance": "SizeVariance",
        "Zone": "",
    },
    "gldm": {
        "SmallDependence": "Small",
        "LargeDependence": "Large",
        "DependenceEntropy": "Entropy",
        "Dependence": "Size",
    },
}


def generic(name: str, theirs: Mapping[str, float]) -> dict[str, float]:
    """The features of that class under the names that `size_features` has."""
    renamed = dict(theirs)
    for word, shared in WORDS[name].items():
        renamed = {feature.replace(word, shared): value for feature, value in renamed.items()}
    return renamed
