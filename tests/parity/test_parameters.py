"""PyRadiomics itself, side by side, under a designed set of parameter files, and on drawn images.

Every setting that acts on the original image is in the set, and any two values of different settings meet in a file of
it. Where grey levels are equal, so are the values, as in test_live. Not promised here: grey levels of resampled images
of whole numbers where the exact one is within 1e-6 of a whole number; those that differ are counted.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from oracle import pyradiomics_features
from parity.alike import FLAT, SOLID, Outcome, read_case, run_both
from parity.designed import FACTORS, FILES, MASK, ROWS, cover, met, pairs

RUNS = tuple(
    (case, number)
    for number in range(len(FILES))
    for case, part in (("breast1", 0), ("brain1", number % 3), ("lung1", (number + 1) % 3))
    if part == 0
)
CLASSES = dict.fromkeys(SOLID)
LEVELS = 10_000
"""Of so many grey levels one may be another."""


def test_the_set_meets_every_pair() -> None:
    sizes = [len(levels) for levels in FACTORS.values()]
    assert {pair for row in ROWS for pair in met(row)} == pairs(sizes)
    assert len(FILES) == len(ROWS) >= 60


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3, 4), (3, 3, 3, 3), (5, 1, 2, 2, 2)])
def test_a_cover_meets_every_pair_and_is_small(sizes: tuple[int, ...]) -> None:
    rows = cover(sizes)
    expected = {
        (i, j, one, other)
        for i in range(len(sizes))
        for j in range(i + 1, len(sizes))
        for one in range(sizes[i])
        for other in range(sizes[j])
    }
    assert pairs(sizes) == expected
    assert {(i, j, row[i], row[j]) for row in rows for i, j, _, _ in expected} == expected
    assert len(set(rows)) == len(rows) <= len(expected)


def changed(mask: sitk.Image, how: str | None) -> sitk.Image:
    """The same mask on another grid: cut around label 1, with smaller voxels, or a little aside."""
    if how == "cropped":
        (z, y, x) = (
            slice(max(0, at.min() - 3), at.max() + 4) for at in np.nonzero(sitk.GetArrayViewFromImage(mask) == 1)
        )
        cut: sitk.Image = mask[x, y, z]
        return cut
    if how == "finer":
        spacing = np.array(mask.GetSpacing()) * (0.8, 0.7, 0.9)
        size = [int(n) for n in np.array(mask.GetSize()) / (0.8, 0.7, 0.9)]
        place, direction = mask.GetOrigin(), mask.GetDirection()
        nearest = sitk.sitkNearestNeighbor
        return sitk.Resample(mask, size, sitk.Transform(), nearest, place, spacing.tolist(), direction)
    if how == "shifted":
        aside = sitk.Image(mask)
        aside.SetOrigin((np.array(mask.GetOrigin()) + 2e-4 * np.array(mask.GetSpacing())).tolist())
        return aside
    return mask


def parameters_of(radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, number: int) -> dict[str, Any]:
    """A file of the set; the limits of an absolute resegmentation are intensities, found by their percentiles."""
    setting = {key: value for key, value in FILES[number].items() if key != MASK}
    if setting.get("resegmentMode") == "absolute":
        whole = radiomics.imageoperations.normalizeImage(image, **setting) if setting.get("normalize") else image
        values = sitk.GetArrayFromImage(whole)[sitk.GetArrayFromImage(mask) == 1]
        setting["resegmentRange"] = np.percentile(values, setting["resegmentRange"]).round(3).tolist()
    return {"setting": {**setting, "additionalInfo": False}, "featureClass": CLASSES}


@cache
def outcome(radiomics: ModuleType, folder: Path, case: str, number: int) -> Outcome:
    image, mask = read_case(folder, case)
    parameters = parameters_of(radiomics, image, mask, number)
    return run_both(radiomics, image, changed(mask, FILES[number].get(MASK)), parameters)


@pytest.mark.parametrize("case, number", RUNS, ids=str)
def test_designed(reference_data: Path, radiomics: ModuleType, case: str, number: int) -> None:
    outcome(radiomics, reference_data, case, number)


def test_grey_levels_of_the_designed_set(
    reference_data: Path, radiomics: ModuleType, record_property: Callable[[str, object], None]
) -> None:
    """How many are another than PyRadiomics', of all that are compared; and few files leave nothing to compare."""
    found = [outcome(radiomics, reference_data, case, number) for case, number in RUNS]
    voxels, different = (sum(counts) for counts in zip(*((one.voxels, one.different) for one in found), strict=True))
    record_property("grey levels that differ", f"{different} of {voxels}")
    assert voxels > 100_000
    assert different * LEVELS <= voxels, f"{different} of {voxels} grey levels differ"
    assert sum(one.refused for one in found) <= len(found) // 20


# drawn images

KINDS = ("ragged", "one slice", "at the border", "all but one voxel", "label 2 among others")
DTYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)
SPACINGS = ((1.0, 1.0, 1.0), (1.0, 1.0, 3.0), (0.5, 0.5, 3.0))
TARGETS = (None, 1.0, 2.0, 3.0)
EXTRAS: Sequence[Mapping[str, Any]] = (
    {},
    {"normalize": True, "normalizeScale": 100},
    {"resegmentRange": [-1.5, 1.5], "resegmentMode": "sigma"},
    {"binCount": 12, "preCrop": True},
    {"resegmentRange": [0.3], "resegmentMode": "relative", "resegmentShape": True, "padDistance": 1},
)
SOME = ("sitkBSpline", "sitkLinear", "sitkNearestNeighbor", "sitkWelchWindowedSinc")


def drawn(kind: str, dtype: type, spacing: tuple[float, ...], seed: int) -> tuple[sitk.Image, sitk.Image]:
    """A smooth random image on an oblique grid (each second one), and a mask with a region of that kind.

    Images of 8 bits end well below 255: PyRadiomics adds two bins to the largest intensity, in its type.
    """
    random = np.random.default_rng(seed)
    sizes = random.integers(12, 20, len(spacing)) / np.minimum(spacing, 1)[::-1]
    shape = tuple(int(n) for n in sizes)
    texture = np.cumsum(random.normal(size=shape), axis=0) * 25 + random.normal(size=shape) * 10
    pixels = (texture - texture.min()).clip(0, 150) if dtype is np.uint8 else texture
    image = sitk.GetImageFromArray(pixels.astype(dtype))
    mask = sitk.GetImageFromArray(labels_of(kind, shape, random))
    direction = turned(random.uniform(0, 1) if seed % 2 else 0, len(spacing))
    for one in (image, mask):
        one.SetSpacing(spacing)
        one.SetOrigin((-100.5, 20.25, 7.0)[: len(spacing)])
        one.SetDirection(direction)
    return image, mask


def turned(angle: float, dimensions: int) -> list[float]:
    """The direction of axes that are turned around z."""
    direction = np.eye(dimensions)
    direction[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return [float(one) for one in direction.ravel()]


def labels_of(kind: str, shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.uint8]:
    """A mask of some kind; the region is label 1, or label 2 of several."""
    labels = np.zeros(shape, dtype=np.uint8)
    inner = tuple(slice(2, n - 2) for n in shape)
    ragged = (random.random(shape) < 0.85).astype(np.uint8)
    if kind == "one slice":
        inner = (slice(shape[0] // 2, shape[0] // 2 + 1), *inner[1:])
    if kind == "at the border":
        inner = tuple(slice(0, n // 2 + 1) for n in shape)
    if kind == "all but one voxel":
        labels += 1
        labels[(0,) * len(shape)] = 0
        return labels
    labels[inner] = ragged[inner]
    if kind == "label 2 among others":
        labels[tuple(slice(1, n // 2) for n in shape)] *= 3
        labels[labels == 1] = 2
        labels[(0,) * len(shape)] = 1
    return labels


def setting_of(kind: str, target: float | None, dimensions: int, seed: int) -> dict[str, Any]:
    """Settings for a drawn image: what is not given takes turns."""
    return {
        "label": 2 if kind == "label 2 among others" else 1,
        "resampledPixelSpacing": None if target is None else [target] * dimensions,
        "interpolator": SOME[seed // 2 % len(SOME)],
        "minimumROIDimensions": 1,
        "additionalInfo": False,
        **EXTRAS[seed % len(EXTRAS)],
    }


SOLID_CASES = tuple(product(KINDS, SPACINGS, TARGETS, DTYPES))
FLAT_CASES = tuple(product(KINDS[:1] + KINDS[2:], ((1.0, 1.0), (0.5, 1.5)), TARGETS, DTYPES))


@pytest.mark.parametrize("kind, spacing, target, dtype", SOLID_CASES + FLAT_CASES)
def test_drawn(radiomics: ModuleType, kind: str, spacing: tuple[float, ...], target: float | None, dtype: type) -> None:
    seed = (SOLID_CASES + FLAT_CASES).index((kind, spacing, target, dtype))
    image, mask = drawn(kind, dtype, spacing, seed)
    classes = dict.fromkeys(SOLID if len(spacing) == 3 else FLAT)
    setting = setting_of(kind, target, len(spacing), seed)
    found = run_both(radiomics, image, mask, {"setting": setting, "featureClass": classes})
    assert not found.refused
    assert found.different * LEVELS <= found.voxels, f"{found.different} of {found.voxels} grey levels differ"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("extra", EXTRAS, ids=str)
def test_a_mask_that_covers_the_whole_image(
    radiomics: ModuleType, monkeypatch: pytest.MonkeyPatch, target: float | None, extra: Mapping[str, Any]
) -> None:
    """PyRadiomics refuses it, in a check; without that it gives the same values."""
    image, mask = drawn("ragged", np.int16, (1.0, 1.0, 3.0), seed=3)
    mask = mask * 0 + 1
    setting = {**setting_of("ragged", target, 3, 0), **extra}
    parameters = {"setting": setting, "featureClass": dict.fromkeys(SOLID)}
    with pytest.raises(ValueError, match="No labels found in this mask"):
        pyradiomics_features(radiomics, image, mask, parameters)
    monkeypatch.setattr(radiomics.imageoperations, "getMask", lambda mask, **_: sitk.Cast(mask, sitk.sitkUInt32))
    assert not run_both(radiomics, image, mask, parameters).refused


REFUSED: Sequence[Mapping[str, Any]] = (
    {"minimumROISize": 100_000},
    {"minimumROISize": 143},
    {"minimumROISize": 100, "resampledPixelSpacing": [2, 2, 2]},
    {"minimumROISize": 100, "resegmentRange": [140]},
    {"minimumROIDimensions": 3, "resampledPixelSpacing": [1, 1, 9]},
    {"minimumROIDimensions": 2, "resampledPixelSpacing": [30, 30, 2.1]},
    {"resegmentRange": [1e6]},
    {"resegmentRange": [1e6], "resegmentShape": True},
    {"resampledPixelSpacing": [1, 1]},
    {"label": 2},
)


@pytest.mark.parametrize("setting", REFUSED, ids=str)
def test_what_pyradiomics_refuses_is_refused(
    reference_data: Path, radiomics: ModuleType, setting: Mapping[str, Any]
) -> None:
    image, mask = read_case(reference_data, "breast1")
    assert run_both(radiomics, image, mask, {"setting": setting, "featureClass": CLASSES}).refused


@pytest.mark.parametrize("how", ["cropped", "finer", "shifted"])
def test_masks_on_another_grid_that_are_not_to_be_corrected(
    reference_data: Path, radiomics: ModuleType, how: str
) -> None:
    image, mask = read_case(reference_data, "breast1")
    parameters = {"setting": {"correctMask": False}, "featureClass": CLASSES}
    assert run_both(radiomics, image, changed(mask, how), parameters).refused


def test_a_mask_that_reaches_out_of_its_image(reference_data: Path, radiomics: ModuleType) -> None:
    image, mask = read_case(reference_data, "breast1")
    for setting in ({"correctMask": True}, {"resampledPixelSpacing": [1, 1, 1]}):
        assert run_both(radiomics, image[:25, :, :], mask, {"setting": setting, "featureClass": CLASSES}).refused
