"""PyRadiomics' own filtered images, whole, side by side: equal to the last bit, of drawn images and of real ones.

Not promised here: that NumPy's logarithm and exponential are the same on another processor.
"""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from image_cases import noise
from voxmill.execute import derive, share
from voxmill.operators.gradient import Gradient
from voxmill.operators.operator import Operator
from voxmill.operators.pointwise import Exponential, Logarithm, Square, SquareRoot
from voxmill.operators.wavelet import bands
from voxmill_kernels.types import Array

TYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)
SHAPES = ((8, 9, 10), (7, 7, 7), (1, 12, 5), (6, 1, 1), (20, 31, 26))
OTHERS: Mapping[str, tuple[Operator, Mapping[str, Any]]] = {
    "Square": (Square(), {}),
    "SquareRoot": (SquareRoot(), {}),
    "Logarithm": (Logarithm(), {}),
    "Exponential": (Exponential(), {}),
    "Gradient": (Gradient(), {}),
    "Gradient per voxel": (Gradient(use_spacing=False), {"gradientUseSpacing": False}),
}
WAVELETS: tuple[Mapping[str, Any], ...] = (
    {},
    {"wavelet": "haar", "level": 3},
    {"wavelet": "db4", "level": 2, "start_level": 1},
    {"wavelet": "bior3.5", "start_level": 2},
    {"wavelet": "rbio2.2", "level": 2, "force2D": True},
    {"wavelet": "sym5", "force2D": True, "force2Ddimension": 1},
    {"wavelet": "dmey", "force2D": True, "force2Ddimension": 2, "level": 2},
)


def images(
    radiomics: ModuleType, kind: str, image: sitk.Image, options: Mapping[str, Any]
) -> Iterator[tuple[str, Array]]:
    """What PyRadiomics makes of an image, by name; warnings of the libraries that it uses are not ours to fail on."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for made, name, _ in getattr(radiomics.imageoperations, f"get{kind}Image")(image, None, **options):
            assert made.GetSpacing() == image.GetSpacing()
            yield name, sitk.GetArrayFromImage(made)


def volume(image: sitk.Image) -> vm.Volume:
    flat = image.GetDimension() == 2
    spacing = (*image.GetSpacing(), 1.0) if flat else image.GetSpacing()
    return vm.Volume(sitk.GetArrayFromImage(image), spacing=spacing)


def drawn(seed: int, shape: tuple[int, ...], dtype: type) -> sitk.Image:
    image = sitk.GetImageFromArray(noise(seed, shape, dtype))
    image.SetSpacing((0.7, 1.3, 2.9)[: len(shape)])
    return image


def real(folder: Path, case: str) -> sitk.Image:
    return sitk.ReadImage(folder / "pyradiomics" / f"{case}_image.nrrd")


def compare(found: Array, theirs: Array) -> None:
    """Same type, same bytes."""
    assert found.dtype == theirs.dtype
    assert found.reshape(theirs.shape).tobytes() == theirs.tobytes()


def compare_bands(radiomics: ModuleType, image: sitk.Image, options: Mapping[str, Any]) -> None:
    """All bands of a whole image, in PyRadiomics' order."""
    source, flat = volume(image), options.get("force2Ddimension", 0) if options.get("force2D") else None
    axes = tuple(axis for axis in (2, 1, 0) if axis != flat and (axis > 0 or image.GetDimension() == 3))
    made = bands(
        options.get("wavelet", "coif1"),
        shape=source.grid.shape,
        start_level=options.get("start_level", 0),
        levels=options.get("level", 1),
        axes=axes,
    )
    theirs = dict(images(radiomics, "Wavelet", image, options))
    assert list(made) == list(theirs)
    whole = vm.Window.whole(source.grid.shape)
    derived = [derive(source, *chain) for chain in made.values()]
    for found, expected in zip(share(derived, [whole] * len(made)), theirs.values(), strict=True):
        compare(found, expected)


@pytest.mark.parametrize("options", WAVELETS, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_wavelets_of_drawn_images(radiomics: ModuleType, dtype: type, options: Mapping[str, Any]) -> None:
    for seed, shape in enumerate(SHAPES):
        compare_bands(radiomics, drawn(seed, shape, dtype), options)


@pytest.mark.parametrize("options", [{}, {"wavelet": "db2", "level": 2, "start_level": 1}], ids=str)
def test_wavelets_of_flat_images(radiomics: ModuleType, options: Mapping[str, Any]) -> None:
    compare_bands(radiomics, drawn(5, (15, 18), np.int16), options)


@pytest.mark.parametrize("options", WAVELETS, ids=str)
def test_wavelets_of_a_real_case(reference_data: Path, radiomics: ModuleType, options: Mapping[str, Any]) -> None:
    compare_bands(radiomics, real(reference_data, "brain1"), options)


@pytest.mark.parametrize(
    "options", [pytest.param(one, marks=pytest.mark.slow if one else ()) for one in WAVELETS], ids=str
)
def test_wavelets_of_a_large_case(reference_data: Path, radiomics: ModuleType, options: Mapping[str, Any]) -> None:
    compare_bands(radiomics, real(reference_data, "lung1"), options)


def compare_other(radiomics: ModuleType, image: sitk.Image, kind: str) -> None:
    operator, options = OTHERS[kind]
    ((_, expected),) = images(radiomics, kind.partition(" ")[0], image, options)
    source = volume(image)
    compare(derive(source, operator).read(vm.Window.whole(source.grid.shape)), expected)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("dtype", TYPES)
def test_others_of_drawn_images(radiomics: ModuleType, dtype: type, kind: str) -> None:
    for seed, shape in enumerate([*SHAPES, (15, 18)]):
        compare_other(radiomics, drawn(seed, shape, dtype), kind)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("case", ["brain1", "lung1"])
def test_others_of_real_cases(reference_data: Path, radiomics: ModuleType, case: str, kind: str) -> None:
    compare_other(radiomics, real(reference_data, case), kind)
