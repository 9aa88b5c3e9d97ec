"""PyRadiomics' operations on images, beside PyRadiomics' own; and what is not here."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import pywt
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import naive_lbp
from small_images import sitk_image, texture, two_labels
from voxmill.pyradiomics import imageoperations as ours
from voxmill_kernels.image.sphere import icosphere

VALUES = arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e3, 1e3).map(lambda one: round(one, 2)))


def pair() -> tuple[sitk.Image, sitk.Image]:
    return sitk_image(texture()), sitk_image(two_labels())


@pytest.fixture
def theirs(radiomics: ModuleType) -> Any:  # noqa: ANN401 - a module without types
    return radiomics.imageoperations


def same(one: sitk.Image, other: sitk.Image) -> None:
    """The same voxels, of the same kind, in the same place."""
    np.testing.assert_array_equal(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other))
    assert one.GetPixelID() == other.GetPixelID()
    assert one.GetSize() == other.GetSize()
    for place in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(one, place)() == pytest.approx(getattr(other, place)(), rel=1e-12, abs=1e-12)


@given(values=VALUES, settings=st.sampled_from([{}, {"binWidth": 3}, {"binWidth": 12.5}, {"binCount": 7}]))
def test_bins(radiomics: ModuleType, values: np.ndarray, settings: dict[str, Any]) -> None:
    theirs = radiomics.imageoperations
    np.testing.assert_array_equal(ours.getBinEdges(values, **settings), theirs.getBinEdges(values, **settings))
    where = np.arange(values.size) % 3 == 0
    for places in (None, where):
        levels, edges = ours.binImage(values, places, **settings)
        expected, expected_edges = theirs.binImage(values, places, **settings)
        np.testing.assert_array_equal(levels, expected)
        np.testing.assert_array_equal(edges, expected_edges)


@pytest.mark.parametrize("settings", [{}, {"label": 3}, {"minimumROISize": 20}], ids=str)
def test_boxes_and_crops(theirs: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    box, moved = ours.checkMask(*pair(), **settings)
    expected, _ = theirs.checkMask(*pair(), **settings)
    assert moved is None
    assert box.tolist() == expected.tolist()
    margins: tuple[dict[str, Any], ...] = ({}, {"padDistance": 2}, {"padDistance": 50})
    for margin in margins:
        for one, other in zip(
            ours.cropToTumorMask(*pair(), box, **margin), theirs.cropToTumorMask(*pair(), box, **margin), strict=True
        ):
            same(one, other)


def test_flat_boxes(theirs: Any) -> None:  # noqa: ANN401 - as above
    flat = tuple(one[:, :, 2] for one in pair())
    assert ours.checkMask(*flat)[0].tolist() == theirs.checkMask(*flat)[0].tolist()


def test_corrected_masks(theirs: Any) -> None:  # noqa: ANN401 - as above
    image, mask = pair()
    mask = mask == 1
    mask.SetOrigin((-0.4, 0, 0))
    box, moved = ours.checkMask(image, mask, correctMask=True)
    expected_box, expected = theirs.checkMask(image, mask, correctMask=True)
    assert box.tolist() == expected_box.tolist()
    assert moved is not None
    same(moved, expected)


@pytest.mark.parametrize("settings", [{"label": 9}, {"minimumROISize": 10_000}, {"label": 7}], ids=str)
def test_what_cannot_be_measured_is_a_value_error(theirs: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401
    image, mask = pair()
    mask[5, 5, 5] = 7
    for module in (ours, theirs):
        with pytest.raises(ValueError, match=r"\w"):
            module.checkMask(image, mask, **settings)


def test_channels(theirs: Any) -> None:  # noqa: ANN401 - as above
    _, mask = pair()
    both = sitk.Compose(mask * 0, mask)
    same(ours.getMask(both, label_channel=1), theirs.getMask(both, label_channel=1))
    same(ours.getMask(mask, label=3), theirs.getMask(mask, label=3))
    with pytest.raises(ValueError, match="label"):
        ours.getMask(both)


@pytest.mark.parametrize("settings", [{}, {"normalizeScale": 100, "removeOutliers": 1.5}], ids=str)
def test_normalising(theirs: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    one, other = (module.normalizeImage(pair()[0], **settings) for module in (ours, theirs))
    np.testing.assert_allclose(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other), rtol=1e-12, atol=1e-12)
    assert one.GetPixelID() == other.GetPixelID()


@pytest.mark.parametrize(
    "settings",
    [
        {"resampledPixelSpacing": [1, 1, 1]},
        {"resampledPixelSpacing": (2, 2, 0), "padDistance": 1, "interpolator": sitk.sitkLinear},
        {"resampledPixelSpacing": (0.75, 1.5, 3), "padDistance": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkUInt32], ids=str)
def test_resampling(theirs: Any, settings: dict[str, Any], kind: int) -> None:  # noqa: ANN401 - as above
    image, mask = pair()
    mask = sitk.Cast(mask == 1, kind)
    for one, other in zip(
        ours.resampleImage(image, mask, **settings), theirs.resampleImage(image, mask, **settings), strict=True
    ):
        same(one, other)
    with pytest.raises(ValueError, match="resampledPixelSpacing is missing"):
        ours.resampleImage(image, mask)


@pytest.mark.parametrize(
    "settings",
    [
        {"resegmentRange": [50, 200]},
        {"resegmentRange": [200, 50], "label": 3},
        {"resegmentRange": [0.5], "resegmentMode": "relative"},
        {"resegmentRange": [-1, 1], "resegmentMode": "sigma"},
    ],
    ids=str,
)
def test_resegmenting(theirs: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    one, other = (module.resegmentMask(*pair(), **settings) for module in (ours, theirs))
    assert one.GetPixelID() == other.GetPixelID()
    label = settings.get("label", 1)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(one == label), sitk.GetArrayFromImage(other == label))
    with pytest.raises(ValueError, match="resegmentation leaves 0 of"):
        ours.resegmentMask(*pair(), resegmentRange=[1000])


def test_the_image_itself() -> None:
    image, mask = pair()
    assert list(ours.getOriginalImage(image, mask, label=3)) == [(image, "original", {"label": 3})]


@pytest.mark.parametrize(
    "image_type, settings",
    [
        ("LoG", {"sigma": [1, 2.5]}),
        ("LoG", {}),
        ("LoG", {"sigma": np.arange(3.0, 0.0, -1.0)}),
        ("LoG", {"sigma": (1.0, -2.0)}),
        ("LoG", {"sigma": range(-1, 2)}),
        ("LoG", {"sigma": [-1]}),
        ("Wavelet", {"wavelet": pywt.Wavelet("haar")}),
        ("Wavelet", {"wavelet": "Haar", "force2D": 1}),
        ("Wavelet", {"level": 2, "wavelet": "haar"}),
        ("Wavelet", {"force2D": True, "force2Ddimension": 1}),
        ("Square", {}),
        ("SquareRoot", {}),
        ("Logarithm", {}),
        ("Exponential", {}),
        ("Gradient", {"gradientUseSpacing": False}),
    ],
    ids=str,
)
def test_filtered_images(theirs: ModuleType, image_type: str, settings: dict[str, Any]) -> None:
    """Whole ones, by their names, in their order; LoG within what float32 rounds."""
    one, other = (list(getattr(module, f"get{image_type}Image")(*pair(), **settings)) for module in (ours, theirs))
    assert [name for _, name, _ in one] == [name for _, name, _ in other]
    assert all(kept == settings for _, _, kept in one)
    for (made, _, _), (expected, _, _) in zip(one, other, strict=True):
        values = sitk.GetArrayFromImage(expected).astype(np.float64)
        near = 1e-6 * float(np.std(values)) if image_type == "LoG" else 1e-12
        np.testing.assert_allclose(
            sitk.GetArrayFromImage(made), values, rtol=1e-6 if near > 1e-12 else 1e-12, atol=near
        )
        assert made.GetSpacing() == expected.GetSpacing()


def test_images_of_local_binary_patterns() -> None:
    """By their definition, whole: PyRadiomics' own need scikit-image and trimesh (see parity/test_lbp.py)."""
    settings: dict[str, Any] = {
        "lbp2DRadius": 1.5,
        "lbp2DSamples": 6,
        "lbp3DLevels": 1,
        "lbp3DIcosphereSubdivision": 0,
    }
    kinds = (ours.getLBP2DImage, ours.getLBP3DImage)
    made = {name: sitk.GetArrayFromImage(image) for get in kinds for image, name, _ in get(*pair(), **settings)}
    assert list(made) == ["lbp-2D", "lbp-3D-m1", "lbp-3D-k"]
    for found, voxels in zip(made["lbp-2D"], texture(), strict=True):
        np.testing.assert_array_equal(found, naive_lbp.slice_codes(voxels, 6, 1.5, "uniform"))
    points = [(x, y, z) for x, y, z in icosphere(0, 1).tolist()]
    expected = naive_lbp.space_patterns(texture(), points, 1)
    for n, name in enumerate(("lbp-3D-m1", "lbp-3D-k")):
        np.testing.assert_allclose(made[name], expected[..., n], rtol=1e-9, atol=1e-9)


def test_an_image_that_is_too_small_has_no_filtered_ones(caplog: pytest.LogCaptureFixture) -> None:
    image, mask = pair()
    assert list(ours.getLoGImage(image, mask, sigma=[500])) == []
    assert "needs at least" in caplog.text
