"""A designed set of PyRadiomics' parameter files: any two levels of different factors meet in at least one of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

MASK = "mask"
"""Not PyRadiomics': how the mask of a case is changed."""
INTERPOLATORS = (
    "sitkBSpline",
    "sitkLinear",
    "sitkNearestNeighbor",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)
FACTORS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "spacing": tuple(
        {"resampledPixelSpacing": spacing} for spacing in (None, [1, 1, 1], [2, 2, 2], [1.5, 0.9, 2.5], [1, 1, 0])
    ),
    "interpolator": tuple({"interpolator": name} for name in INTERPOLATORS),
    "margin": ({}, {"padDistance": 0}, {"padDistance": 8}),
    "normalisation": (
        {},
        {"normalize": True, "normalizeScale": 100},
        {"normalize": True, "normalizeScale": 250, "removeOutliers": 2},
        {"normalize": True, "normalizeScale": 37.5, "removeOutliers": 1.25},
    ),
    "bins": ({}, {"binWidth": 10}, {"binWidth": 33.3}, {"binCount": 16}, {"binCount": 32, "binWidth": 10}),
    "slices": ({}, *({"force2D": True, "force2Ddimension": axis} for axis in range(3))),
    "weighting": tuple(
        {"weightingNorm": norm} for norm in (None, "euclidean", "manhattan", "infinity", "no_weighting")
    ),
    "distances": ({}, {"distances": [1, 2, 3]}, {"distances": [2]}),
    "alpha": ({}, {"gldm_a": 1}),
    "symmetry": ({}, {"symmetricalGLCM": False}),
    "resegmentation": (
        {},
        *(
            {"resegmentRange": limits, "resegmentMode": mode, "resegmentShape": shape}
            for limits, mode in (([10, 85], "absolute"), ([0.5], "relative"), ([-1.5, 1], "sigma"))
            for shape in (False, True)
        ),
    ),
    "crop": ({}, {"preCrop": True}),
    "shift": ({}, {"voxelArrayShift": 300}),
    "voxels": ({}, {"minimumROISize": 3}),
    "dimensions": ({}, {"minimumROIDimensions": 1}, {"minimumROIDimensions": 3}),
    "mask": ({}, *({MASK: change, "correctMask": True} for change in ("cropped", "finer", "shifted"))),
    "tolerance": ({}, {"geometryTolerance": 1e-3}),
}
"""What a parameter file sets; the limits of an absolute resegmentation are percentiles of the region here."""
Row = tuple[int, ...]
Pair = tuple[int, int, int, int]
"""A factor, one after it, and a level of each."""


def pairs(sizes: Sequence[int]) -> set[Pair]:
    """All pairs of levels of different factors that have so many levels."""
    places = combinations(range(len(sizes)), 2)
    return {(i, j, *levels) for i, j in places for levels in product(range(sizes[i]), range(sizes[j]))}


def met(row: Row) -> Iterator[Pair]:
    """The pairs that meet in a row: a level for every factor."""
    return ((i, j, row[i], row[j]) for i, j in combinations(range(len(row)), 2))


def cover(sizes: Sequence[int]) -> tuple[Row, ...]:
    """Rows in which every pair meets: each is grown from the first pair left, level by level, where most pairs meet."""
    left, rows = pairs(sizes), []
    while left:
        i, j, *levels = min(left)
        chosen = dict(zip((i, j), levels, strict=True))
        for factor in sorted(range(len(sizes)), key=lambda one: (-sizes[one], one)):
            if factor not in chosen:
                chosen[factor] = max(
                    range(sizes[factor]), key=lambda level: (_gain(chosen, factor, level, left), -level)
                )
        row = tuple(chosen[factor] for factor in range(len(sizes)))
        left -= set(met(row))
        rows.append(row)
    return tuple(rows)


def _gain(chosen: Mapping[int, int], factor: int, level: int, left: set[Pair]) -> int:
    """How many pairs that are left a level of a factor meets in a row of which some levels are chosen."""
    ends = (sorted([(factor, level), other]) for other in chosen.items())
    return sum((one[0], other[0], one[1], other[1]) in left for one, other in ends)


ROWS = cover([len(levels) for levels in FACTORS.values()])
FILES: tuple[Mapping[str, Any], ...] = tuple(
    {key: value for levels, place in zip(FACTORS.values(), row, strict=True) for key, value in levels[place].items()}
    for row in ROWS
)
"""The `setting` of every parameter file, and how the mask is changed under MASK."""
