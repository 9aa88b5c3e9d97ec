"""The paragraph for a paper: every clause is there if, and only if, its setting is on; what was not done is said."""

from typing import Any

import pytest

import voxmill as vm
from voxmill.cohort.clauses import CLAUSES
from voxmill.cohort.methods import Extent, methods
from voxmill.cohort.words import FAMILIES, IMAGES, INTERPOLATORS, LIMITS, OUTLINES, ROUNDING
from voxmill.image_types import IMAGE_TYPES
from voxmill.steps import INTERPOLATORS as KNOWN_INTERPOLATORS
from voxmill_kernels.features.catalogue import FAMILIES as KNOWN_FAMILIES

RESAMPLE = {"spacing_mm": [1, 2, 0]}
NO_TEXTURE = {"features": ["firstorder"]}
SAID: list[tuple[dict[str, Any], str]] = [
    ({"suv": True}, "converted to standardised uptake values normalised to body weight"),
    ({}, "without conversion to standardised uptake values"),
    ({"normalise": True}, "normalised by subtracting the mean of the whole image"),
    ({"normalise": {"scale": 100}}, "and multiplied by 100"),
    ({"normalise": {"outliers": 3}}, "beyond 3 standard deviations were set to th"),
    ({}, "Intensities were not normalised."),
    ({"resample": RESAMPLE}, "spacing of 1 × 2 × (that of the mask) mm (x, y, z) by cubic B-spline interpolation"),
    ({"resample": {**RESAMPLE, "interpolator": "linear"}}, "by trilinear interpolation"),
    ({"resample": {**RESAMPLE, "rounding": "none"}}, "intensities were not rounded afterwards"),
    ({"resample": {**RESAMPLE, "single_slices": "resample"}}, "Regions of one slice were resampled across it too"),
    ({}, "Images were not resampled"),
    ({"mask_on_other_grid": "error"}, "Masks had to lie on the grid of their image"),
    ({}, "Masks on another grid than their image were resampled onto it"),
    ({"crop": {"margin_voxels": 7}}, "cropped to the bounding box of the region and a margin of 7 voxels"),
    ({"resegment": {"range": [-200, 300]}}, "resegmented to voxels within -200 to 300 (intensities, limits included)"),
    ({"resegment": {"range": [-3, 3], "mode": "sigma"}}, "(standard deviations from the mean intensity in the region"),
    ({"resegment": {"range": [0.4], "mode": "relative"}}, "within at least 0.4 (shares of the largest intensity"),
    ({"resegment": {"range": [0], "shape": "whole"}}, "shape was measured of the whole region"),
    ({}, "Regions were not resegmented"),
    ({}, "of all labels of the masks"),
    ({"labels": [1, "GTV*"]}, "of the labels 1, GTV*"),
    ({"unions": {"both": [1, 2]}}, "of the unions of labels both (1, 2)"),
    ({"label_channel": 2}, "in channel 2 of the masks"),
    ({"min_region_voxels": 64}, "Regions of fewer than 64 voxels"),
    ({"min_region_dimensions": 3}, "along fewer than 3 axes"),
    ({"components": {"min_volume_mm3": 50}}, "split into its connected components of at least 50 mm³ (26-connected)"),
    ({}, "Regions were not split into connected components"),
    ({}, "fixed bin width of 25"),
    ({"discretise": {"bin_count": 64}}, "a fixed number of 64 bins"),
    ({}, "No image filter was applied"),
    ({"images": {"original": {}, "log": {"sigma_mm": [1.5, 3]}}}, "Laplacian of Gaussian (LoG, sigma 1.5, 3 mm)"),
    ({"images": {"wavelet": {"wavelet": "db2"}}}, "undecimated wavelet (db2, levels: 1)"),
    ({"images": {"wavelet": {"discretise": {"bin_count": 9}}}}, ", discretised into a fixed number of 9 bins"),
    ({"images": ["lbp2d"]}, "local binary patterns of slices"),
    ({"images": ["lbp3d"]}, "local binary patterns in 3D"),
    *(({"images": [name]}, said) for name, said in IMAGES.items()),
    ({}, "shape (14 features), first-order statistics (18 features)"),
    ({"features": {"glcm": ["Contrast"]}}, "(GLCM) (1 feature: Contrast)"),
    (NO_TEXTURE, "No texture was measured"),
    ({}, "Texture was measured in three dimensions"),
    ({"slice_axis": "z"}, "within slices across the z axis"),
    ({"distances": [1, 3]}, "at a distance of 1, 3 "),
    ({}, "means over the features of all directions"),
    ({"weighting": "no_weighting"}, "GLCM and GLRLM of all directions were merged into one, all of one weight."),
    ({"weighting": "euclidean"}, "merged into one, weighted by distance (norm: euclidean)"),
    ({}, "counted symmetrically"),
    ({"glcm_symmetric": False}, "counted in one direction only"),
    ({"gldm_alpha": 2}, "up to a difference of 2 grey levels"),
    ({"voxel_array_shift": 1000}, "1000 was added to every intensity for Energy"),
    ({}, "kurtosis is not diminished by 3"),
    ({}, "bins of fixed width begin at a multiple of it"),
]  # fmt: skip


@pytest.mark.parametrize("values, said", SAID)
def test_a_clause_is_there_if_and_only_if_its_setting_is_on(values: dict[str, Any], said: str) -> None:
    extent = Extent(2, 5, 0)
    assert said in methods(vm.Settings.parse(values), extent)
    others = [{}] if values else [other for other, _ in SAID if other]
    assert any(said not in methods(vm.Settings.parse(other), extent) for other in others)


def test_every_clause_has_a_test() -> None:
    """A clause that no settings above change, or that is never more than empty, would be true of nothing."""
    for clause in CLAUSES:
        found = {clause(vm.Settings.parse(values)) for values, _ in SAID}
        assert len(found) > 1, clause


def test_all_values_have_words() -> None:
    assert set(INTERPOLATORS) == set(KNOWN_INTERPOLATORS)
    assert set(FAMILIES) == set(KNOWN_FAMILIES)
    assert set(IMAGES) == set(IMAGE_TYPES) - {"original", "log", "wavelet", "lbp2d", "lbp3d"}
    for name, words in (("rounding", ROUNDING), ("mode", LIMITS), ("shape", OUTLINES)):
        holder = "resample" if name == "rounding" else "resegment"
        for value in words:
            base: dict[str, Any] = RESAMPLE if holder == "resample" else {"range": [0]}
            assert words[value] in methods(vm.Settings.parse({holder: {**base, name: value}}), Extent(1, 1, 0))


def test_software_and_extent_are_told() -> None:
    said = methods(vm.Settings(), Extent(1200, 3600, 4, chosen=True))
    assert said.startswith(f"Radiomic features were computed with Voxmill {vm.__version__} (Python 3.")
    assert "SimpleITK " in said
    assert "IBSI" in said
    assert said.endswith(
        "3,600 rows of features came of 1,200 cases. The table of cases chose the labels of some. 4 cases or regions "
        "could not be measured."
    )
    both = Extent(1, 2, 0, versions={"Voxmill": ["0.1.0"], "NumPy": ["2.3.1", "2.4.6"]})
    assert methods(vm.Settings(), both).startswith(
        "Radiomic features were computed with Voxmill 0.1.0 (NumPy 2.3.1 and 2.4.6). "
    )
    quiet = methods(vm.Settings(), Extent(1, 2, 0))
    assert "could not be measured" not in quiet
    assert "chose the labels" not in quiet
