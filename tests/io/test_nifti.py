"""NIfTI lies where ITK puts it, holds what ITK reads, and is read where ITK gives up."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from image_files import VOXELS, nifti_header, write_nifti
from voxmill.io import read_image, read_mask

SHEARED = np.array([[-2.0, 0.5, 0, 10], [0, 3, 0, 20], [0, 0.2, 4, 30], [0, 0, 0, 1]])
TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

finite = st.floats(-300, 300, width=32)
steps = st.tuples(*[st.floats(0.125, 8, width=32)] * 3)
turns = st.tuples(*[st.floats(-1, 1, width=32)] * 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nifti")


def rotation(turn: tuple[float, ...]) -> NDArray[np.float64]:
    """A rotation by a quaternion of any length but 0."""
    length = float(np.linalg.norm(turn))
    assume(length > 0.1)
    matrix: NDArray[np.float64] = nibabel.quaternions.quat2mat(np.asarray(turn) / length)
    return matrix


def assert_lies_as_in_itk(path: Path) -> None:
    """The same grid, to 1e-9 relative."""
    image = sitk.ReadImage(str(path))
    grid = read_image(path).grid
    assert grid.spacing == pytest.approx(image.GetSpacing(), rel=1e-14)
    assert grid.origin == pytest.approx(image.GetOrigin(), rel=1e-9, abs=1e-12)
    assert grid.direction.ravel().tolist() == pytest.approx(image.GetDirection(), rel=1e-9, abs=1e-9)
    corner = image.TransformIndexToPhysicalPoint((3, 2, 1))
    assert grid.points((1, 2, 3)).tolist() == pytest.approx(corner, rel=1e-9, abs=1e-6 * min(grid.spacing))


def sform(turn: tuple[float, ...], spacing: tuple[float, ...], origin: tuple[float, ...]) -> NDArray[np.float64]:
    """An affine of a rotated grid; every other one is a reflection."""
    affine = np.eye(4)
    affine[:3, :3] = rotation(turn) * spacing
    affine[:3, 3] = origin
    if turn[0] < 0:
        affine[:3, 0] *= -1
    return affine


@given(turn=turns, spacing=steps, origin=st.tuples(finite, finite, finite), code=st.integers(1, 4))
@settings(deadline=None)
def test_sform_alone_lies_as_in_itk(
    folder: Path, turn: tuple[float, ...], spacing: tuple[float, ...], origin: tuple[float, ...], code: int
) -> None:
    header = nifti_header(spacing=spacing, sform=sform(turn, spacing, origin), sform_code=code)
    assert_lies_as_in_itk(write_nifti(folder / "sform.nii", header))


@given(turn=turns, spacing=steps, origin=st.tuples(finite, finite, finite), handed=st.sampled_from([-1, 0, 1]))
@settings(deadline=None)
def test_qform_alone_lies_as_in_itk(
    folder: Path, turn: tuple[float, ...], spacing: tuple[float, ...], origin: tuple[float, ...], handed: int
) -> None:
    length = float(np.linalg.norm(turn))
    assume(length > 0.1)
    parts = [part / length * (-1 if turn[0] < 0 else 1) for part in turn[1:]]
    header = nifti_header(spacing=spacing, qform=(*parts, *origin))
    header["pixdim"][0] = handed
    assert_lies_as_in_itk(write_nifti(folder / "qform.nii", header))


@given(
    turn=turns,
    other=turns,
    spacing=steps,
    origin=st.tuples(finite, finite, finite),
    codes=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    same=st.booleans(),
)
@settings(deadline=None)
def test_sform_against_qform_lies_as_in_itk(
    folder: Path,
    turn: tuple[float, ...],
    other: tuple[float, ...],
    spacing: tuple[float, ...],
    origin: tuple[float, ...],
    codes: tuple[int, int],
    same: bool,  # noqa: FBT001
) -> None:
    header = nifti_header(spacing=spacing)
    header.set_qform(sform(other, spacing, origin), code=codes[0])
    header.set_sform(header.get_qform() if same else sform(turn, spacing, origin), code=codes[1])
    header["pixdim"][1:4] = spacing
    assert_lies_as_in_itk(write_nifti(folder / "both.nii", header))


@given(turn=turns, spacing=steps, origin=st.tuples(finite, finite, finite))
@settings(deadline=None)
def test_what_nibabel_writes_lies_as_in_itk(
    folder: Path, turn: tuple[float, ...], spacing: tuple[float, ...], origin: tuple[float, ...]
) -> None:
    path = folder / "nibabel.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 3, 2), np.int16), sform(turn, spacing, origin)), path)
    assert_lies_as_in_itk(path)


@pytest.mark.parametrize("unit", [0, 1, 2, 3, 8, 9, 10, 11])
def test_units_of_length_are_those_of_itk(tmp_path: Path, unit: int) -> None:
    header = nifti_header(sform=np.diag([1.0, 2, 3, 1]) + np.eye(4, k=3), xyzt_units=unit)
    assert_lies_as_in_itk(write_nifti(tmp_path / "a.nii", header))


def test_neither_sform_nor_qform_lies_as_in_itk(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii")
    assert_lies_as_in_itk(path)
    assert np.array_equal(read_image(path).grid.direction, np.eye(3))


@pytest.mark.parametrize("kind", [nibabel.Nifti1Header, nibabel.Nifti2Header])
def test_sheared_sform_alone_keeps_its_shear(tmp_path: Path, kind: type[nibabel.Nifti1Header]) -> None:
    spacing = np.linalg.norm(SHEARED[:3, :3], axis=0)
    path = write_nifti(tmp_path / "a.nii", nifti_header(spacing=spacing.tolist(), sform=SHEARED, kind=kind))
    grid = read_image(path).grid
    expected = (TO_LPS @ SHEARED)[:, [2, 1, 0, 3]]
    assert np.allclose(grid.matrix, expected, rtol=1e-6, atol=1e-6)
    assert grid.shear > 0.1


def test_sheared_sform_keeps_its_own_steps(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", nifti_header(spacing=(2, 3, 3.9), sform=SHEARED))
    assert read_image(path).grid.spacing == pytest.approx(np.linalg.norm(SHEARED[:3, :3], axis=0), rel=1e-6)


def test_sheared_sform_with_qform_lies_as_in_itk(tmp_path: Path) -> None:
    header = nifti_header(spacing=(2, 3, 4), sform=SHEARED, qform=(0.1, 0.2, 0.3, 1, 2, 3))
    assert_lies_as_in_itk(write_nifti(tmp_path / "a.nii", header))


@pytest.mark.parametrize("form", ["sform", "qform", "none"])
def test_nifti_2_lies_as_nifti_1(tmp_path: Path, form: str) -> None:
    sform = np.diag([-1.0, 2, 3, 1]) if form == "sform" else None
    qform = (0.5, 0.5, 0.5, 1, 2, 3) if form == "qform" else None
    headers = [nifti_header(kind=k, sform=sform, qform=qform) for k in (nibabel.Nifti1Header, nibabel.Nifti2Header)]
    first, second = (read_image(write_nifti(tmp_path / "a.nii", header)) for header in headers)
    assert first.grid.matches(second.grid)
    assert np.array_equal(first.array, second.array)


SCALINGS = [
    (1, 0),
    (0, 0),
    (2, 5),
    (0.1, 0),
    (1, 7),
    (-1, 0),
    (0, 5),
    (np.nan, 0),
    (np.inf, 0),
    (1, np.nan),
    (0.37, -1024),
]


@pytest.mark.parametrize("endianness", "<>")
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_scaled_values_equal_simpleitk_bit_for_bit(tmp_path: Path, dtype: str, endianness: str) -> None:
    rng = np.random.default_rng(3)
    whole = rng.integers(0, 255, 24) * (2 ** rng.integers(0, 8 * int(dtype[1]) - 9, 24) if dtype[1] != "1" else 1)
    values = (rng.normal(size=24) * 1e3 if dtype[0] == "f" else whole).astype(endianness + dtype)
    path = tmp_path / "a.nii"
    for slope, intercept in SCALINGS:
        header = nifti_header(dtype=dtype, endianness=endianness, scl_slope=slope, scl_inter=intercept)
        write_nifti(path, header, values.tobytes())
        expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        found = read_image(path).array
        assert found.dtype == expected.dtype, (slope, intercept)
        assert np.array_equal(found, expected), (slope, intercept)


@pytest.mark.parametrize("size", [(4, 3, 2, 1), (4, 3, 2, 1, 1), (4, 3, 2, 1, 1, 1, 1), (4, 6, 1), (24, 1, 1, 1)])
def test_trailing_dimensions_of_one_are_dropped(tmp_path: Path, size: tuple[int, ...]) -> None:
    path = write_nifti(tmp_path / "a.nii", nifti_header(size))
    volume = read_image(path)
    assert volume.array.shape == size[2::-1]
    assert volume.grid.dimensions == 3
    assert np.array_equal(volume.array, sitk.GetArrayFromImage(sitk.ReadImage(str(path))))


def test_flat_nifti_lies_as_in_itk(tmp_path: Path) -> None:
    affine = np.array([[0.0, -2, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
    path = write_nifti(tmp_path / "a.nii", nifti_header((4, 6), (1, 2), sform=affine))
    image, grid = sitk.ReadImage(str(path)), read_image(path).grid
    assert grid.dimensions == 2
    assert grid.spacing == (*image.GetSpacing(), 1)
    assert grid.origin == (*image.GetOrigin(), 0)
    assert grid.direction[:2, :2].ravel().tolist() == list(image.GetDirection())


@pytest.mark.parametrize("given", ["a.hdr", "a.img"])
def test_pair_is_read_by_either_file(tmp_path: Path, given: str) -> None:
    affine = np.diag([-1.0, 2, 3, 1])
    nibabel.save(nibabel.Nifti1Pair(np.arange(24, dtype=np.int16).reshape(4, 3, 2), affine), tmp_path / "a.hdr")
    volume = read_image(tmp_path / given)
    assert volume.name == "a"
    assert np.array_equal(volume.array, sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.hdr"))))
    assert_lies_as_in_itk(tmp_path / "a.hdr")


def test_extension_before_the_voxels_is_skipped(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(4, 3, 2), np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 500))
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert read_image(tmp_path / "a.nii.gz").array[1, 2, 3] == 23


def test_vector_mask_is_read_by_channel_as_simpleitk_has_it(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", nifti_header((2, 3, 2, 1, 2), intent_code=1007), VOXELS)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    for channel in (0, 1):
        assert np.array_equal(read_mask(path, label_channel=channel).layers[0], expected[..., channel])


def test_voxels_are_not_mapped_from_the_file(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii")
    volume = read_image(path)
    path.write_bytes(bytes(400))
    assert volume.array.max() == 23
