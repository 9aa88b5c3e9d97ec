"""What is read equals what SimpleITK reads: values, type, grid; whatever the format."""

import os
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from image_files import FLAT, NRRD, VOXELS, gzipped, write_compressed_metaimage, write_metaimage, write_nrrd
from voxmill.grid import Grid
from voxmill.io import read_image, read_mask
from voxmill.volume import Volume

SUFFIXES = [".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz", ".hdr", ".img.gz"]
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def itk_image(dtype: str = "int16", dimensions: int = 3) -> sitk.Image:
    """An oblique image with values of every size that its type has."""
    array = np.random.default_rng(7).integers(0, 120, (4, 5, 6)[3 - dimensions :]).astype(dtype)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.7, 1.3, 2.5)[:dimensions])
    image.SetOrigin((-10.25, 3.5, 77.125)[:dimensions])
    image.SetDirection(OBLIQUE if dimensions == 3 else (0.8, 0.6, -0.6, 0.8))
    return image


def assert_equals_itk(volume: Volume, image: sitk.Image) -> None:
    """Values bit for bit, type, and the grid to 1e-9."""
    expected: NDArray[np.generic] = sitk.GetArrayFromImage(image)
    dimensions = image.GetDimension()
    assert volume.dtype == expected.dtype
    assert np.array_equal(volume.array, expected.reshape(volume.array.shape))
    assert volume.grid.dimensions == dimensions
    assert volume.grid.spacing[:dimensions] == pytest.approx(image.GetSpacing(), rel=1e-14)
    assert volume.grid.origin[:dimensions] == pytest.approx(image.GetOrigin(), rel=1e-12, abs=1e-12)
    direction = volume.grid.direction[:dimensions, :dimensions].ravel()
    assert direction.tolist() == pytest.approx(image.GetDirection(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_equals_simpleitk(tmp_path: Path, suffix: str, dtype: str) -> None:
    path = tmp_path / f"case{suffix}"
    sitk.WriteImage(itk_image(dtype), str(path), useCompression=suffix in (".mha", ".nrrd"))
    assert_equals_itk(read_image(path), sitk.ReadImage(str(path)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_flat_file_equals_simpleitk(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    sitk.WriteImage(itk_image(dimensions=2), str(path))
    volume = read_image(path)
    assert volume.array.shape == (1, 5, 6)
    assert_equals_itk(volume, sitk.ReadImage(str(path)))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_simpleitk_image_is_read_and_copied(dimensions: int) -> None:
    image = itk_image(dimensions=dimensions)
    volume = read_image(image)
    assert_equals_itk(volume, image)
    before = volume.array.copy()
    image += 1
    assert np.array_equal(volume.array, before)
    assert volume.name == "image"


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".seg.nrrd", ".Nrrd", ".NII.GZ", ".MHA"])
def test_name_is_the_file_name_without_suffixes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Patient.7 a{suffix}"
    lower = tmp_path / f"Patient.7 a{suffix.lower()}"
    sitk.WriteImage(itk_image(), str(lower))
    os.rename(lower, path)
    assert read_image(str(path)).name == "Patient.7 a"
    assert read_mask(path).name == "Patient.7 a"


@pytest.mark.parametrize(
    "encoding,data",
    [
        ("raw", VOXELS),
        ("gzip", gzipped(VOXELS)),
        ("ascii", b" ".join(b"%d" % n for n in range(24))),
        ("hex", VOXELS.hex().encode()),
    ],
)
def test_nrrd_encodings(tmp_path: Path, encoding: str, data: bytes) -> None:
    volume = read_image(write_nrrd(tmp_path / "a.nrrd", data=data, encoding=encoding))
    assert volume.array.ravel().tolist() == list(range(24))


def test_nrrd_in_another_space_comes_out_in_lps(tmp_path: Path) -> None:
    grid = read_image(write_nrrd(tmp_path / "a.nrrd", space="right-anterior-superior")).grid
    assert grid.origin == (-1, -2, 3)
    assert np.array_equal(grid.direction, np.diag([-1, -1, 1]))


def test_nrrd_big_endian(tmp_path: Path) -> None:
    data = np.arange(24, dtype=">i2").tobytes()
    assert read_image(write_nrrd(tmp_path / "a.nrrd", data=data, endian="big")).array.max() == 23


def test_nrrd_spacing_unknown_of_a_channel_axis_is_fine(tmp_path: Path) -> None:
    path = write_nrrd(
        tmp_path / "a.nrrd",
        NRRD | FLAT,
        dimension="3",
        sizes="2 4 3",
        spacings="nan 1 2",
        kinds="vector domain domain",
    )
    assert read_mask(path, label_channel=1).grid.spacing == (1, 2, 1)


def test_sheared_nrrd_keeps_its_shear(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd", space_directions="(1,0,0) (0.3,2,0) (0,0,3)")
    grid = read_image(path).grid
    assert np.allclose(grid.matrix[:3, :3], np.array([[1, 0.3, 0], [0, 2, 0], [0, 0, 3]])[:, ::-1], rtol=0, atol=1e-15)
    assert grid.shear == pytest.approx(0.3 / np.hypot(0.3, 2))


def test_sheared_metaimage_keeps_its_shear(tmp_path: Path) -> None:
    path = write_metaimage(tmp_path / "a.mha", TransformMatrix="1 0 0 0.6 0.8 0 0 0 1")
    grid = read_image(path).grid
    assert grid.shear == pytest.approx(0.6)
    assert grid.spacing == pytest.approx((1, 2, 3), rel=1e-15)


@pytest.mark.parametrize("stream", [zlib.compress(VOXELS), gzipped(VOXELS)])
def test_metaimage_compressed(tmp_path: Path, stream: bytes) -> None:
    volume = read_image(write_compressed_metaimage(tmp_path / "a.mha", stream))
    assert volume.array.ravel().tolist() == list(range(24))


def test_metaimage_large_compressed(tmp_path: Path) -> None:
    data = np.zeros((30, 256, 256), np.int16)
    data[10] = np.random.default_rng(1).integers(0, 1000, (256, 256))
    path = write_compressed_metaimage(tmp_path / "a.mha", zlib.compress(data.tobytes()), DimSize="256 256 30")
    assert np.array_equal(read_image(path).array, data)


def test_metaimage_data_file_with_a_header_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "b.raw").write_bytes(b"1234567" + VOXELS)
    path = write_metaimage(tmp_path / "a.mhd", b"", ElementDataFile="b.raw", HeaderSize="7")
    assert read_image(path).array.ravel().tolist() == list(range(24))


def test_data_file_may_be_named_absolutely_in_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "b.raw").write_bytes(VOXELS)
    assert read_image(write_nrrd(tmp_path / "a.nhdr", data=b"", data_file=str(tmp_path / "b.raw"))).array.max() == 23


def test_nan_is_kept_everywhere(tmp_path: Path) -> None:
    array = np.ones((3, 4, 5), np.float32)
    array[1, 2, 3], array[0, 0, 0] = np.nan, np.inf
    for suffix in (".nrrd", ".mha", ".nii", ".nii.gz"):
        sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / f"a{suffix}"))
        assert np.array_equal(read_image(tmp_path / f"a{suffix}").array, array, equal_nan=True)


def test_real_scan_equals_simpleitk(reference_data: Path) -> None:
    path = reference_data / "pyradiomics" / "brain1_image.nrrd"
    image = sitk.ReadImage(str(path))
    volume = read_image(path)
    assert_equals_itk(volume, image)
    mask = read_mask(path.with_name("brain1_label.nrrd"), volume)
    assert [segment.label for segment in mask.segments] == [1]
    assert isinstance(mask.grid, Grid)


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / f"a{number}{suffix}" for number, suffix in enumerate(SUFFIXES * 8)]
    for number, path in enumerate(paths):
        sitk.WriteImage(itk_image() + number, str(path))
    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    with ThreadPoolExecutor(8) as pool:
        volumes = list(pool.map(read_image, paths * 4))
    first = sitk.GetArrayFromImage(itk_image())
    assert all(np.array_equal(volume.array, first + n % len(paths)) for n, volume in enumerate(volumes))
    assert sitk.ProcessObject.GetGlobalWarningDisplay() is before


def test_a_last_dimension_of_one_is_dropped(tmp_path: Path) -> None:
    nrrd = write_nrrd(tmp_path / "a.nrrd", NRRD | FLAT, dimension="4", sizes="4 3 2 1", spacings="1 2 3 9", data=VOXELS)
    metaimage = write_metaimage(
        tmp_path / "a.mha",
        NDims="4",
        DimSize="4 3 2 1",
        ElementSpacing="1 2 3 9",
        Offset="1 2 3 4",
        TransformMatrix="0 1 0 0 -1 0 0 0 0 0 1 0 0 0 0 1",
    )
    for path in (nrrd, metaimage):
        for volume in (read_image(path), read_image(sitk.ReadImage(str(path)))):
            assert volume.array.ravel().tolist() == list(range(24))
            assert volume.grid.shape == (2, 3, 4)
            assert volume.grid.dimensions == 3
            assert volume.grid.spacing == (1, 2, 3)
    grid = read_image(metaimage).grid
    assert grid.origin == (1, 2, 3)
    assert grid.direction.tolist() == [[0, -1, 0], [1, 0, 0], [0, 0, 1]]


def test_libraries_are_loaded_when_a_format_needs_them(tmp_path: Path) -> None:
    code = "import sys, voxmill.io; print(*sorted({'nibabel', 'SimpleITK'} & set(sys.modules)))"
    nrrd = f"import voxmill as vm; vm.read_image({str(write_nrrd(tmp_path / 'a.nrrd'))!r}); {code}"
    for script, expected in ((code, ""), (nrrd, "SimpleITK")):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected
