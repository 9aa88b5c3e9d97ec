"""PyRadiomics' own LBP images, whole, side by side, and the libraries that it calls.

Equal to the last bit: LBP2D, samples and kurtosis of LBP3D. Its levels are sums of complex numbers there, of real ones
here: within 1e-12 of the largest. Not promised here: equality with SciPy and scikit-image on other than x86-64, where
their compilers may fuse products and sums.
"""

import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import voxmill as vm
from image_cases import noise
from itk_resampling import patches
from kernel_cases import read_only
from voxmill.execute import derive, share
from voxmill.operators.lbp import Lbp2d, lbp3d_images
from voxmill_kernels.image.box import whole
from voxmill_kernels.image.circle import METHODS
from voxmill_kernels.image.sphere import icosphere
from voxmill_kernels.image.spline import scipy_coefficients
from voxmill_kernels.types import Array

TYPES = (np.uint8, np.int16, np.int32, np.uint32, np.float32, np.float64)
SLICES: tuple[Mapping[str, Any], ...] = (
    {},
    {"lbp2DMethod": "default", "lbp2DSamples": 7, "lbp2DRadius": 1.5},
    {"lbp2DMethod": "ror", "lbp2DSamples": 12, "force2Ddimension": 1},
    {"lbp2DMethod": "nri_uniform", "lbp2DSamples": 9, "lbp2DRadius": 2, "force2Ddimension": 2},
    {"lbp2DMethod": "var", "lbp2DRadius": 1.2},
)
SPACE: tuple[Mapping[str, Any], ...] = (
    {},
    {"lbp3DLevels": 3, "lbp3DIcosphereRadius": 1.5, "lbp3DIcosphereSubdivision": 0},
    {"lbp3DLevels": 4, "lbp3DIcosphereRadius": 2},
    {"lbp3DIcosphereSubdivision": 2, "lbp3DIcosphereRadius": 1.1},
)


@pytest.fixture(scope="session")
def libraries(radiomics: ModuleType) -> SimpleNamespace:
    """PyRadiomics, and what it needs for LBP beside itself: without these it makes no image."""
    named = {"skimage": "skimage.feature", "trimesh": "trimesh.creation", "scipy": "scipy.ndimage"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = {name: importlib.import_module(module) for name, module in named.items()}
        except ImportError as error:
            pytest.skip(f"PyRadiomics' LBP needs a library that is not installed ({error})")
    return SimpleNamespace(radiomics=radiomics, **loaded)


def images(libraries: SimpleNamespace, kind: str, image: sitk.Image, options: Mapping[str, Any]) -> dict[str, Array]:
    """What PyRadiomics makes of an image, everywhere; warnings of its libraries are not ours to fail on."""
    mask = sitk.Cast(image * 0, sitk.sitkUInt8) + 1
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        made = getattr(libraries.radiomics.imageoperations, f"get{kind}Image")(image, mask, **options)
        return {name: sitk.GetArrayFromImage(one) for one, name, _ in made}


def volume(image: sitk.Image) -> vm.Volume:
    flat = image.GetDimension() == 2
    array = sitk.GetArrayFromImage(image)
    spacing = (*image.GetSpacing(), 1.0)[:3]
    shape = (1, *array.shape) if flat else array.shape
    grid = vm.Grid.from_spacing((shape[0], shape[1], shape[2]), spacing, dimensions=image.GetDimension())
    return vm.Volume(read_only(array.reshape(shape)), grid)


def few_values(seed: int, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Neighbours that are often equal, so that rounding decides which is larger; in blocks, often all of them."""
    values = np.random.default_rng(seed).integers(0, 3, shape)
    values[: shape[0] // 2, : shape[1] // 2] = 1
    return read_only((values * (0.1 if np.dtype(dtype).kind == "f" else 7)).astype(dtype))


def drawn(seed: int, dtype: DTypeLike) -> list[sitk.Image]:
    shapes = [(7, 8, 9), (5, 30, 6), (12, 5, 40)]
    arrays = [make(seed, shape, dtype) for shape in shapes for make in (noise, few_values)]
    return [sitk.GetImageFromArray(array) for array in arrays]


def real(folder: Path, case: str) -> sitk.Image:
    """The middle of a case, where there are many of each: PyRadiomics needs some kB of memory a voxel."""
    image = sitk.ReadImage(folder / "pyradiomics" / f"{case}_image.nrrd")
    start = [max(0, size // 2 - 20) for size in image.GetSize()]
    middle: sitk.Image = image[tuple(slice(a, a + 40) for a in start)]
    return middle


def compare_slices(libraries: SimpleNamespace, image: sitk.Image, options: Mapping[str, Any]) -> None:
    """Same type, same bytes, NaN apart."""
    (expected,) = images(libraries, "LBP2D", image, options).values()
    operator = Lbp2d(
        options.get("force2Ddimension", 0),
        options.get("lbp2DSamples", 8),
        options.get("lbp2DRadius", 1),
        options.get("lbp2DMethod", "uniform"),
    )
    source = volume(image)
    found = derive(source, operator).read(vm.Window.whole(source.grid.shape))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def compare_space(libraries: SimpleNamespace, image: sitk.Image, options: Mapping[str, Any]) -> None:
    """Levels within rounding of sums, the kurtosis to the last bit, NaN in the same places."""
    source, expected = volume(image), images(libraries, "LBP3D", image, options)
    made = lbp3d_images(
        levels=options.get("lbp3DLevels", 2),
        radius=options.get("lbp3DIcosphereRadius", 1),
        subdivision=options.get("lbp3DIcosphereSubdivision", 1),
    )
    assert list(made) == list(expected)
    sources = [derive(source, *chain) for chain in made.values()]
    boxes = share(sources, [vm.Window.whole(source.grid.shape)] * len(made))
    for name, found in zip(made, boxes, strict=True):
        assert found.dtype == expected[name].dtype
        if name == "lbp-3D-k":
            np.testing.assert_array_equal(found, expected[name])
        else:
            np.testing.assert_allclose(found, expected[name], rtol=0, atol=1e-12 * expected[name].max())


@pytest.mark.parametrize("options", SLICES, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_slices_of_drawn_images(libraries: SimpleNamespace, dtype: DTypeLike, options: Mapping[str, Any]) -> None:
    for image in drawn(1, dtype):
        compare_slices(libraries, image, options)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_slices_of_flat_images(libraries: SimpleNamespace, dtype: DTypeLike, method: str) -> None:
    image = sitk.GetImageFromArray(noise(3, (9, 14), dtype))
    compare_slices(libraries, image, {"lbp2DMethod": method, "force2Ddimension": 1})


@pytest.mark.parametrize("options", SLICES, ids=str)
@pytest.mark.parametrize("case", ["brain1", "lung1"])
def test_slices_of_real_cases(
    reference_data: Path, libraries: SimpleNamespace, case: str, options: Mapping[str, Any]
) -> None:
    compare_slices(libraries, real(reference_data, case), options)


@pytest.mark.parametrize("options", SPACE, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_space_of_drawn_images(libraries: SimpleNamespace, dtype: DTypeLike, options: Mapping[str, Any]) -> None:
    for image in drawn(2, dtype):
        compare_space(libraries, image, options)


@pytest.mark.parametrize("options", SPACE[:2], ids=str)
@pytest.mark.parametrize("case", ["brain1", "lung1"])
def test_space_of_real_cases(
    reference_data: Path, libraries: SimpleNamespace, case: str, options: Mapping[str, Any]
) -> None:
    compare_space(libraries, real(reference_data, case), options)


@given(st.integers(0, 2**32 - 1), st.sampled_from(METHODS), st.integers(1, 24), st.floats(0.01, 4))
def test_slices_are_scikit_images(
    libraries: SimpleNamespace, seed: int, method: str, samples: int, radius: float
) -> None:
    image = (noise, few_values)[seed % 2](seed, (9, 12), np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = libraries.skimage.local_binary_pattern(image.copy(), samples, radius, method)
    source = vm.Volume(image[None], vm.Grid.from_spacing((1, 9, 12), (1, 1, 1), dimensions=2))
    made = derive(source, Lbp2d(0, samples, radius, method)).read(vm.Window.whole((1, 9, 12)))
    np.testing.assert_array_equal(made[0], expected)


@given(st.integers(0, 3), st.floats(0.01, 100))
def test_points_are_those_of_trimesh(libraries: SimpleNamespace, subdivision: int, radius: float) -> None:
    expected = np.array(libraries.trimesh.icosphere(subdivision, radius).vertices)
    assert icosphere(subdivision, radius).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 9), (2, 3, 4), (17, 18, 19), (33, 1, 34), (3, 4, 600), (70, 65, 90)]
)
def test_coefficients_are_those_of_scipy(
    libraries: SimpleNamespace, shape: tuple[int, int, int], dtype: DTypeLike
) -> None:
    for image in (noise(5, shape, dtype), patches(shape, 5)):
        expected = libraries.scipy.spline_filter(image, 3, output=np.float64, mode="constant")
        np.testing.assert_array_equal(scipy_coefficients(whole(image), (0, 0, 0), shape), expected, strict=True)
