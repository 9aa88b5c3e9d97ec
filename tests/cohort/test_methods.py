"""The paragraph for a paper: all that decides values is told, in true sentences, and nothing that plays no part."""

from collections.abc import Iterator
from typing import Any

import pytest

import voxmill as vm
from voxmill.cohort.apart import Apart
from voxmill.cohort.clauses import STEPS
from voxmill.cohort.measuring_clauses import MEASURING
from voxmill.cohort.methods import Extent, methods
from voxmill.cohort.words import (
    FAMILIES,
    IMAGES,
    INTERPOLATORS,
    LIMITS,
    NORMS,
    OUTLINES,
    POINTWISE,
    ROUNDING,
    SINGLE_SLICES,
    written,
)
from voxmill.discovery.cases import LeftOut
from voxmill.image_types import IMAGE_TYPES, ImageType
from voxmill.settings import HOLDERS, Settings
from voxmill.steps import INTERPOLATORS as KNOWN_INTERPOLATORS
from voxmill_kernels.features.catalogue import FAMILIES as KNOWN_FAMILIES

RESAMPLE = {"spacing_mm": [1, 2, 0]}
LOG = {"log": {"sigma_mm": [1.5, 3]}}
BOTH = {"original": {}, **LOG}
SHAPE_ALONE = {"features": ["shape"]}
MEAN = {"features": {"firstorder": ["Mean"]}}
SAID: list[tuple[dict[str, Any], str]] = [
    ({"suv": True}, "converted to standardised uptake values normalised to body weight"),
    ({}, "without conversion to standardised uptake values"),
    ({"normalise": True}, "normalised by subtracting the mean of the whole image and dividing by its standard deviat"),
    ({"normalise": {"scale": 100, "outliers": 3}}, ", setting values beyond 3 standard deviations from the mean to "
        "that limit and multiplying by 100."),
    ({}, "Intensities were not normalised."),
    ({"resample": RESAMPLE}, "spacing of 1 × 2 × (that of the mask) mm (x, y, z) by cubic B-spline interpolation"),
    ({"resample": {"spacing_mm": [0.97656251, 1]}}, "spacing of 0.97656251 × 1 mm (x, y) by"),
    ({"resample": {**RESAMPLE, "interpolator": "linear"}}, "by linear interpolation"),
    ({"resample": {**RESAMPLE, "rounding": "none"}}, "Intensities were not rounded afterwards."),
    ({"resample": {**RESAMPLE, "single_slices": "resample"}}, "Regions of one slice were resampled across it too."),
    ({"resample": RESAMPLE}, "Across a region of one slice, the spacing of the mask was kept."),
    ({"resample": {**RESAMPLE, "margin_voxels": 9}, "images": BOTH}, "reached 9 voxels beyond the bounding box"),
    ({}, "Images were not resampled"),
    ({"mask_on_other_grid": "error"}, "Masks had to lie on the grid of their image"),
    ({"grid_tolerance": 0.01}, "Masks on another grid than their image (tolerance: 0.01 of its spacing) were"),
    ({"fractional_threshold": 0.75}, "voxels of at least 0.75 of the maximum were inside"),
    ({"crop": {"margin_voxels": 7}, "images": BOTH}, "bounding box of the region and a margin of 7 voxels before filt"),
    ({"resegment": {"range": [-200, 300]}}, "to voxels with intensities from -200 to 300 (limits included)"),
    ({"resegment": {"range": [-3, 3], "mode": "sigma"}}, "from -3 to 3 standard deviations (divisor n) from the mean"),
    ({"resegment": {"range": [-100]}}, "to voxels with intensities of at least -100 (limit included)"),
    ({"resegment": {"range": [0.4], "mode": "relative"}}, "of at least 0.4 times the largest intensity in the region"),
    ({"resegment": {"range": [0], "shape": "whole"}}, "shape was measured of the whole region"),
    ({}, "Regions were not resegmented"),
    ({}, "Features were computed of all labels of the masks."),
    ({"labels": ["whole"]}, "Features were computed of the label whole."),
    ({"labels": [1], "label_channel": 0}, "of the label 1, in channel 0 (from 0) of the masks."),
    ({"labels": [1, 2, "GTV*"]}, "of the labels 1 and 2 and all labels whose names match GTV*."),
    ({"unions": {"both": [1, 2]}}, "of all labels of the masks and the union both of the labels 1 and 2."),
    ({"labels": ["one"], "unions": {"one": [1], "two": [2]}}, "were computed of the union one of the label 1."),
    ({"min_region_voxels": 64}, "Regions of fewer than 64 voxels, or longer than one voxel along fewer than 2 axes,"),
    ({"min_region_dimensions": 3}, "along fewer than 3 axes, were not measured."),
    ({"min_region_dimensions": 1}, "Regions of fewer than 2 voxels were not measured."),
    ({"resample": RESAMPLE}, "axes, after these steps were not measured."),
    ({"components": {"min_volume_mm3": 50}}, "its connected components of at least 50 mm³ (26-connected) on the grid"),
    ({}, "Regions were not split into connected components"),
    ({}, "For texture, Entropy and Uniformity, intensities were discretised with a fixed bin width of 25, bin edges"),
    ({"discretise": {"bin_width": 0.012345678}}, "a fixed bin width of 0.012345678, bin edges at multiples of it"),
    ({"discretise": {"bin_count": 64}}, "a fixed number of 64 bins"),
    ({"features": {"firstorder": ["Entropy"]}}, "For Entropy, intensities were discretised"),
    ({}, "No image filter was applied"),
    ({"images": BOTH}, "original images and of filtered images: Laplacian of Gaussian (LoG, sigma 1.5 and 3 mm)"),
    ({"images": BOTH, **MEAN}, "Intensity features were computed of the original images and of filtered images: Lap"),
    ({"images": {"wavelet": {"wavelet": "db2"}}}, "images: all bands of an undecimated wavelet transform (db2, "),
    ({"images": {"wavelet": {"start_level": 1, "levels": 2}}}, "approximation of the last of an undecimated "
        "wavelet transform (coif1, levels 2 to 3)"),
    ({"images": {"wavelet": {"slice_axis": "x"}}}, "(coif1, level 1, within slices across the x axis)"),
    ({"images": {"gradient": {"use_spacing": False}}}, "the magnitude of the gradient, per voxel."),
    ({"images": ["lbp2d"], "slice_axis": "y"}, "local binary patterns of slices across the y axis (method uniform of"),
    ({"images": ["lbp3d"]}, "(2 levels of spherical harmonics and kurtosis, radius 1 voxel, icosahedron subdivided 1"),
    *(({"images": [name]}, said) for name, said in POINTWISE.items()),
    ({"images": {"original": {"discretise": {"bin_count": 9}}}}, "discretised into a fixed number of 9 bins"),
    ({"images": {"original": {"discretise": {"bin_count": 9}}, **LOG}}, "9 bins between the minimum and maximum of the "
        "region (original images); with a fixed bin width of 25, bin edges at multiples of it (LoG images)."),
    ({"images": {"original": {"distances": [1, 2]}}}, "at a Chebyshev distance of 1 and 2 voxels."),
    ({"images": {**BOTH, "square": {"slice_axis": "z"}}},
        "in three dimensions (original and LoG images); within slices across the z axis (square images)."),
    ({"images": {"original": {"voxel_array_shift": 7}, **LOG}}, "squared for Energy, RootMeanSquared and TotalEnergy: 7"
        " (original images); 0 (LoG images)."),
    ({}, "shape (14 features), first-order statistics (18 features)"),
    ({"features": {"glcm": ["Contrast"]}}, "(GLCM) (1 feature: Contrast)"),
    ({"features": ["shape2D"], "slice_axis": "y"}, "in 2D was measured of regions of one slice across the y axis."),
    (MEAN, "No texture was measured"),
    ({}, "Texture was measured in three dimensions"),
    ({"slice_axis": "z"}, "within slices across the z axis"),
    ({"distances": [1, 3]}, "Neighbours of a voxel (GLCM, GLDM and NGTDM) were those at a Chebyshev distance of 1 and"),
    ({}, "at a Chebyshev distance of 1 voxel."),
    ({}, "GLCM and GLRLM features were computed for each direction and averaged."),
    ({"features": ["glrlm"]}, "GLRLM features were computed for each direction and averaged."),
    ({"weighting": "no_weighting"}, "from one matrix of all directions, merged with equal weights."),
    ({"weighting": "infinity"}, "exp(-length²) (GLCM) and length (GLRLM) by the length of a direction in mm "
        "(maximum norm)."),
    ({}, "counted symmetrically"),
    ({"glcm_symmetric": False}, "counted in one direction only"),
    ({"gldm_alpha": 1}, "up to a difference of 1 grey level."),
    ({"voxel_array_shift": 1000000}, "squared for Energy, RootMeanSquared and TotalEnergy: 1000000."),
    ({}, "kurtosis is not diminished by 3"),
    ({}, "bins of fixed width begin at a multiple of it"),
]  # fmt: skip
UNSAID: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    (SHAPE_ALONE, ("discretised", "bins", "filter", "normalised", "standardised", "GLCM", "urtosis", "Texture was")),
    ({**SHAPE_ALONE, "resample": RESAMPLE}, ("truncated", "rounded")),
    ({**SHAPE_ALONE, "images": BOTH, "crop": True}, ("Laplacian", "cropped")),
    (MEAN, ("discretised", "bins", "squared", "Neighbours", "directions", "urtosis", "GLDM", "grey level")),
    ({**MEAN, "voxel_array_shift": 5, "gldm_alpha": 2, "weighting": "euclidean"}, ("Added", "GLDM", "weight")),
    ({**MEAN, "resegment": {"range": [0]}}, ("shape was",)),
    ({"features": ["glszm"]}, ("Neighbours", "direction", "Co-occurrence", "GLDM")),
    ({"features": ["ngtdm"]}, ("directions", "Co-occurrence", "GLDM", "Entropy")),
    ({"discretise": {"bin_count": 8}}, ("bins of fixed width",)),
    ({"images": {"original": {"discretise": {"bin_count": 8}}}}, ("bin width", "bins of fixed width")),
    ({"images": {"original": {"weighting": None}}, "weighting": "euclidean"}, ("weight of",)),
    ({"crop": True}, ("cropped",)),
    ({"resample": RESAMPLE}, ("beyond the bounding box", "another grid")),
    ({"resample": RESAMPLE, "normalise": True}, ("truncated",)),
    ({"labels": [1], "label_channel": 0}, ("labels 1", "1 in channel")),
    ({"resegment": {"range": [-100]}}, ("within at least",)),
    ({"min_region_dimensions": 1}, ("axis", "axes,")),
    ({}, ("()", "  ", "..", " ,", "None")),
]


@pytest.mark.parametrize("values, said", SAID)
def test_what_is_done_is_told(values: dict[str, Any], said: str) -> None:
    extent = Extent(2, 5, 0)
    assert said in methods(vm.Settings.parse(values), extent)
    assert any(said not in methods(vm.Settings.parse(other), extent) for other, _ in (*SAID, *UNSAID))


@pytest.mark.parametrize("values, unsaid", UNSAID)
def test_what_plays_no_part_is_not_told(values: dict[str, Any], unsaid: tuple[str, ...]) -> None:
    paragraph = methods(vm.Settings.parse(values), Extent(2, 5, 0))
    assert [one for one in unsaid if one in paragraph] == []


def test_every_clause_has_a_test() -> None:
    """A clause that no settings above change, or that is never more than empty, would be true of nothing."""
    for clause in (*STEPS, *MEASURING):
        found = {clause(vm.Settings.parse(values)) for values, *_ in (*SAID, *UNSAID)}
        assert len(found) > 1, clause


ALTERS_NOTHING = {"diagnostics", "notes"}
"""Settings that no value of a feature depends on."""
CHANGED: dict[str, Any] = {
    "suv": True,
    "normalise.scale": 7,
    "normalise.outliers": 2.5,
    "resample.spacing_mm": [1, 1, 3],
    "resample.interpolator": "nearest",
    "resample.margin_voxels": 6,
    "resample.rounding": "nearest",
    "resample.single_slices": "resample",
    "crop.margin_voxels": 6,
    "resegment.range": [1],
    "resegment.mode": "sigma",
    "resegment.shape": "whole",
    "discretise.bin_width": 26,
    "discretise.bin_count": 26,
    "images": ["original"],
    "features": ["shape"],
    "labels": [7],
    "unions": {"seven": [7]},
    "components.min_volume_mm3": 7,
    "components.connectivity": 6,
    "label_channel": 7,
    "slice_axis": "y",
    "distances": [7],
    "gldm_alpha": 7,
    "glcm_symmetric": False,
    "weighting": "manhattan",
    "voxel_array_shift": 7,
    "min_region_voxels": 7,
    "min_region_dimensions": 3,
    "mask_on_other_grid": "error",
    "grid_tolerance": 0.7,
    "fractional_threshold": 0.7,
    "log.sigma_mm": [7],
    "wavelet.wavelet": "db7",
    "wavelet.start_level": 7,
    "wavelet.levels": 7,
    "gradient.use_spacing": False,
    "lbp2d.axis": "y",
    "lbp2d.samples": 7,
    "lbp2d.radius": 7.5,
    "lbp2d.method": "var",
    "lbp3d.levels": 7,
    "lbp3d.radius": 7.5,
    "lbp3d.subdivision": 3,
}
"""Another value for every setting."""
EXISTING: dict[str, dict[str, Any]] = {
    "resample": RESAMPLE,
    "resegment": {"range": [0, 1]},
    "discretise": {"bin_width": 25},
    "log": {"sigma_mm": [1]},
}
"""What the holders of settings need beside one of theirs."""


def paths() -> Iterator[str]:
    """All settings by their place: those of Settings, of what these hold, and of every image type."""
    for name in Settings.model_fields:
        yield from (f"{name}.{below}" for below in HOLDERS[name].model_fields) if name in HOLDERS else (name,)
    for name, model in IMAGE_TYPES.items():
        yield from (f"{name}.{below}" for below in model.model_fields)


def of_path(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings without a value at this place, and the same with another one there."""
    holder, _, name = path.rpartition(".")
    images = {kind: EXISTING.get(kind, {}) for kind in IMAGE_TYPES}
    base: dict[str, Any] = {"images": images, "features": list(KNOWN_FAMILIES)}
    if not holder:
        return base, {**base, name: CHANGED[name]}
    before = EXISTING.get(holder, {})
    bins = CHANGED["discretise.bin_width"]
    value = {"bin_width": bins} if path == f"{holder}.discretise" else CHANGED.get(path, CHANGED.get(name))
    after = {name: value} if holder == "discretise" else {**before, name: value}
    if holder in IMAGE_TYPES:
        return base, {**base, "images": {**images, holder: after}}
    return {**base, holder: before or {}}, {**base, holder: after}


@pytest.mark.parametrize("path", sorted(set(paths()) - ALTERS_NOTHING))
def test_every_setting_that_alters_values_is_told(path: str) -> None:
    """Whatever settings there will be: one that is not in the table above has to be put there, and told."""
    before, after = (methods(vm.Settings.parse(one), Extent(1, 1, 0)) for one in of_path(path))
    assert before != after


def test_settings_that_all_images_share_are_told_of_every_image() -> None:
    for name in IMAGE_TYPES:
        alone = {name: EXISTING.get(name, {})}
        for field in ImageType.model_fields:
            path = "discretise.bin_width" if field == "discretise" else field
            value = {"bin_width": CHANGED[path]} if field == "discretise" else CHANGED[path]
            before, after = ({name: {**alone[name], **more}} for more in ({}, {field: value}))
            said = [methods(vm.Settings.parse({"images": one}), Extent(1, 1, 0)) for one in (before, after)]
            assert said[0] != said[1], (name, field)


def test_all_values_have_words() -> None:
    assert set(INTERPOLATORS) == set(KNOWN_INTERPOLATORS)
    assert set(FAMILIES) == set(KNOWN_FAMILIES)
    assert set(IMAGES) == set(IMAGE_TYPES)
    for norm in NORMS:
        assert NORMS[norm] in methods(vm.Settings.parse({"weighting": norm}), Extent(1, 1, 0))
    tables = {"rounding": ROUNDING, "single_slices": SINGLE_SLICES, "mode": LIMITS, "shape": OUTLINES}
    for name, words in tables.items():
        holder = "resegment" if name in ("mode", "shape") else "resample"
        found = {
            methods(vm.Settings.parse({holder: {**EXISTING[holder], name: one}}), Extent(1, 1, 0)) for one in words
        }
        assert len(found) == len(words)


def test_numbers_keep_all_their_digits() -> None:
    assert [written(one) for one in (1, 2.0, -3, 0.1, 1 / 3, 1e6, 1e-6, 123456.789)] == [
        "1", "2", "-3", "0.1", "0.3333333333333333", "1000000", "1e-06", "123456.789",
    ]  # fmt: skip


def test_software_and_extent_are_told() -> None:
    said = methods(vm.Settings(), Extent(1200, 3600, 4, chosen=True))
    assert said.startswith(f"Radiomic features were computed with Voxmill {vm.__version__} (Python 3.")
    assert "SimpleITK " in said
    assert "IBSI" in said
    assert said.endswith(
        "3,600 rows of features came of 1,200 cases. The table of cases chose the label, or the channel of the mask, "
        "of some. 4 cases or regions could not be measured."
    )
    both = Extent(1, 2, 0, versions={"Voxmill": ["0.1.0"], "NumPy": ["2.3.1", "2.4.6"]})
    assert methods(vm.Settings(), both).startswith(
        "Radiomic features were computed with Voxmill 0.1.0 (NumPy 2.3.1 and 2.4.6). "
    )
    quiet = methods(vm.Settings(), Extent(1, 2, 0))
    assert "could not be measured" not in quiet
    assert "chose the label" not in quiet


def test_of_a_store_fractions_were_decided_before() -> None:
    said = methods(vm.Settings(), Extent(1, 2, 0, stored=True))
    assert "Which voxels are inside of fractional segmentations was decided when the store was made." in said
    assert "of the maximum were inside" not in said


def test_of_flat_images_shape_in_2d_is_told() -> None:
    said = "Of flat images, shape in 2D was measured in place of shape."
    assert said in methods(vm.Settings(), Extent(1, 2, 0, flat=True))
    assert said not in methods(vm.Settings(), Extent(1, 2, 0))
    assert said not in methods(vm.Settings.parse({"features": ["shape2D"]}), Extent(1, 2, 0, flat=True))


def test_it_tells_what_was_left_out() -> None:
    missing = tuple(LeftOut(case, "it is not there", "image") for case in "ab")
    said = methods(vm.Settings(), Extent(2, 5, 0, Apart(missing=missing), bare=1, selected=True))
    for sentence in (
        "5 rows of features came of 2 cases. These cases are a selection from the cohort.",
        "2 images were left out, as files were not there.",
        "1 image was not measured, for want of a mask.",
    ):
        assert sentence in said
    quiet = methods(vm.Settings(), Extent(2, 5, 0))
    assert quiet.endswith("5 rows of features came of 2 cases.")


def test_it_tells_that_shape_in_2d_was_measured_of_no_region() -> None:
    asked, sentence = vm.Settings.parse({"features": ["shape2D"]}), "No region could be measured in 2D."
    assert sentence in methods(asked, Extent(1, 1, 0))
    assert sentence not in methods(asked, Extent(1, 1, 0, flat=True))
    assert sentence not in methods(vm.Settings(), Extent(1, 1, 0))
