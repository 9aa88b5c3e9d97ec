"""Series of DICOM files as SimpleITK reads them where it reads them rightly, in every encoding."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

import voxmill as vm
from dicom_files import AXIAL, CORONAL, SAGITTAL, SPACING, Axes, enhanced, positions, save, stored, uid, write_series
from voxmill.discovery.sources import find_cases
from voxmill.io.dicom import find_series, read_header, read_series, survey
from voxmill.io.dicom.headers import read_pixels
from voxmill.io.dicom.tags import items, text
from voxmill.privacy import Key, Pseudonyms

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
HALF = np.sqrt(0.5)
OBLIQUE: Axes = ((HALF, HALF, 0.0), (-0.5, 0.5, HALF))


def as_simpleitk(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image: sitk.Image = reader.Execute()
    return image


@pytest.mark.parametrize("axes", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_values_type_and_grid_are_simpleitks(tmp_path: Path, axes: Axes, modality: str) -> None:
    write_series(tmp_path, modality=modality, axes=axes)
    theirs, ours = as_simpleitk(tmp_path), vm.read_image(tmp_path)
    assert np.array_equal(ours.array, sitk.GetArrayFromImage(theirs))
    assert ours.dtype == (np.int32 if modality == "CT" else np.int16)  # 16 bits less 1024 do not fit into 16
    np.testing.assert_allclose(ours.grid.spacing, theirs.GetSpacing(), rtol=1e-12)
    np.testing.assert_allclose(ours.grid.origin, theirs.GetOrigin(), atol=1e-12)
    np.testing.assert_allclose(ours.grid.direction.ravel(), theirs.GetDirection(), atol=1e-12)
    assert ours.notes == ()


@pytest.mark.parametrize(
    "bits, held, dtype", [(12, np.uint16, np.int16), (16, np.uint16, np.int32), (12, np.int16, np.int16)]
)
def test_whole_values_have_the_type_that_simpleitk_gives(tmp_path: Path, bits: int, held: type, dtype: type) -> None:
    pixels: NDArray[Any] = stored().astype(held) // 2
    write_series(tmp_path, pixels, attributes={"BitsStored": bits, "HighBit": bits - 1})
    ours = vm.read_image(tmp_path)
    assert ours.dtype == dtype
    assert np.array_equal(ours.array, pixels.astype(int) - 1024)
    theirs = sitk.GetArrayFromImage(as_simpleitk(tmp_path))
    assert theirs.dtype == dtype
    assert np.array_equal(ours.array, theirs)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_every_encoding_gives_the_same_volume(tmp_path: Path, syntax: UID) -> None:
    write_series(tmp_path, syntax=syntax)
    image = vm.read_image(tmp_path)
    assert np.array_equal(image.array, stored().astype(int) - 1024)
    assert image.grid.spacing == (SPACING[1], SPACING[0], 3.0)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_frames_of_one_file_are_as_those_of_many(tmp_path: Path, syntax: UID) -> None:
    order = [3, 0, 4, 1, 2]
    places = positions([3.0 * at for at in range(5)], OBLIQUE)
    save(
        enhanced(stored()[order], [places[at] for at in order], axes=OBLIQUE),
        tmp_path / "frames.dcm",
        syntax,
    )
    write_series(tmp_path / "single", axes=OBLIQUE)
    one, many = vm.read_image(tmp_path / "frames.dcm"), vm.read_image(tmp_path / "single")
    assert one.name == "frames"
    assert np.array_equal(one.array, many.array)
    assert one.dtype == many.dtype
    assert one.grid == many.grid
    assert one.notes == ()


def test_a_slope_that_is_not_whole_gives_float32(tmp_path: Path) -> None:
    write_series(tmp_path, modality="MR", attributes={"RescaleSlope": 0.1, "RescaleIntercept": -3.5})
    ours = vm.read_image(tmp_path)
    assert ours.dtype == np.float32
    assert np.array_equal(ours.array, (stored() * 0.1 - 3.5).astype(np.float32))
    np.testing.assert_allclose(ours.array, sitk.GetArrayFromImage(as_simpleitk(tmp_path)), rtol=1e-7, atol=1e-5)


def test_bits_above_those_stored_are_not_values(tmp_path: Path) -> None:
    pixels = (stored() % 4096).astype(np.uint16)
    write_series(tmp_path, pixels | 0xF000, attributes={"BitsStored": 12, "HighBit": 11})
    assert np.array_equal(vm.read_image(tmp_path).array, pixels.astype(int) - 1024)


def test_monochrome1_is_left_as_it_is(tmp_path: Path) -> None:
    write_series(tmp_path, attributes={"PhotometricInterpretation": "MONOCHROME1"})
    image = vm.read_image(tmp_path)
    assert np.array_equal(image.array, stored().astype(int) - 1024)
    assert "MONOCHROME1" in image.notes[0]


def test_files_without_preamble_are_found_by_their_content(tmp_path: Path) -> None:
    for path in write_series(tmp_path, syntax=ImplicitVRLittleEndian):
        content = path.read_bytes()
        length = int.from_bytes(content[140:144], "little")
        path.write_bytes(content[144 + length :])
    (tmp_path / "notes.txt").write_text("not DICOM")
    assert np.array_equal(vm.read_image(tmp_path).array, stored().astype(int) - 1024)


def test_two_series_are_told_apart_by_number_or_uid(tmp_path: Path) -> None:
    write_series(tmp_path / "é", name="a")
    other = {"SeriesNumber": 4, "SeriesDescription": "Kopf é", "SpecificCharacterSet": "ISO_IR 192"}
    write_series(tmp_path / "ö" / "deep", stored(4), name="b", attributes=other)
    with pytest.raises(vm.InputError, match=r"2 series are in it; .* 3 \(CT 'series a', files: 5\); 4 \(CT 'Kopf"):
        vm.read_image(tmp_path)
    assert vm.read_image(tmp_path, series=4).array.shape[0] == 4
    assert vm.read_image(tmp_path, series=uid("series", "a")).array.shape[0] == 5
    with pytest.raises(vm.InputError, match="no series has the number, UID or description 7"):
        vm.read_image(tmp_path, series=7)


def test_a_series_by_a_pattern_of_its_description(tmp_path: Path) -> None:
    write_series(tmp_path / "a", name="a")
    write_series(tmp_path / "b", stored(4), name="b", attributes={"SeriesNumber": 4, "SeriesDescription": "lung [1]"})
    assert vm.read_image(tmp_path, series="lung*").array.shape[0] == 4
    assert vm.read_image(tmp_path, series="*a").array.shape[0] == 5
    assert vm.read_image(tmp_path, series="3").array.shape[0] == 5
    with pytest.raises(vm.InputError, match=r"several series have .* \*; series there: 3 .*; 4 "):
        vm.read_image(tmp_path, series="*")
    with pytest.raises(vm.InputError, match="no series has the number, UID or description Lung"):
        vm.read_image(tmp_path, series="Lung*")


def test_series_of_one_number_are_listed_with_their_uids(tmp_path: Path) -> None:
    write_series(tmp_path, name="a")
    write_series(tmp_path, name="b")
    with pytest.raises(vm.InputError, match=uid("series", "b").replace(".", r"\.")):
        vm.read_image(tmp_path)
    with pytest.raises(vm.InputError, match="several series have the number, UID or description 3"):
        vm.read_image(tmp_path, series=3)


def test_what_a_series_says_of_itself(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    (series,) = find_series(tmp_path)
    assert series.files == tuple(paths)  # by instance number, not by name
    assert (series.series_uid, series.study_uid) == (uid("series", "a"), uid("study"))
    assert (series.frame_of_reference_uid, series.patient_id) == (uid("frame"), "P1")
    assert (series.modality, series.description, series.number, series.is_image) == ("CT", "series a", 3, True)
    assert "PixelData" not in series.header
    assert np.array_equal(read_series(series).array, vm.read_image(tmp_path).array)


def test_a_damaged_file_beside_a_series_is_a_failure_and_a_note(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "broken").write_bytes(bytes(128) + b"DICM" + b"\x08\x00\x05\x00CS\xff")
    found = survey(tmp_path)
    assert [failure.path.name for failure in found.failures] == ["broken"]
    assert "1 of the files beside it could not be read: broken: " in vm.read_image(tmp_path).notes[-1]


def test_a_series_with_a_damaged_header_is_refused_wherever_it_is(tmp_path: Path) -> None:
    """Also in the slice at an end, without which the rest would look whole."""
    for at in range(5):
        folder = tmp_path / str(at)
        path = write_series(folder)[at]
        path.write_bytes(path.read_bytes()[: read_header(path).end - 30])
        (series,) = find_series(folder)
        assert len(series.files) == 5
        with pytest.raises(vm.InputError, match=r"export the series again|copy the file again"):
            read_series(series)


@pytest.mark.parametrize("rows, columns", [(33, 257), (102, 102), (205, 205)])
def test_lengths_that_read_like_letters(tmp_path: Path, rows: int, columns: int) -> None:
    """In implicit VR, the length of pixel data may look like the VR of explicit VR."""
    pixels = stored(3, rows, columns)
    write_series(tmp_path, pixels, syntax=ImplicitVRLittleEndian)
    assert np.array_equal(vm.read_image(tmp_path).array, pixels.astype(np.int32) - 1024)


def test_a_header_stays_without_pixels_when_they_are_read(tmp_path: Path) -> None:
    header = read_header(write_series(tmp_path)[0])
    assert "PixelData" in read_pixels(header)
    assert "PixelData" not in header.dataset


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_series(tmp_path)[0]
    header = read_header(path)
    path.write_bytes(path.read_bytes() + bytes(2))
    with pytest.raises(vm.InputError, match="it was changed while it was read; try again"):
        read_pixels(header)


@given(st.tuples(*[st.floats(-1, 1)] * 3), st.floats(-3.14, 3.14), st.floats(0.2, 9.0))
def test_any_rotation_comes_back(
    tmp_path_factory: pytest.TempPathFactory, axis: tuple[float, ...], angle: float, step: float
) -> None:
    folder = tmp_path_factory.mktemp("turned")
    turned = sitk.VersorRigid3DTransform((axis if np.linalg.norm(axis) > 1e-3 else (0, 0, 1)), angle)
    matrix = np.reshape(turned.GetMatrix(), (3, 3))
    axes = (tuple(matrix[:, 0]), tuple(matrix[:, 1]))
    write_series(folder, stored(3), axes=axes, places=positions([0, step, 2 * step], axes))
    grid = vm.read_image(folder).grid
    expected = np.stack([matrix[:, 2] * step, matrix[:, 1] * SPACING[0], matrix[:, 0] * SPACING[1]], axis=1)
    np.testing.assert_allclose(grid.matrix[:3, :3], expected, atol=1e-8)
    np.testing.assert_allclose(grid.origin, (-20.5, 10.25, 30.0), atol=1e-9)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("charset", ["ISO_IR 192", "ISO_IR 100", ["", "ISO 2022 IR 100"]], ids=["UTF-8", "1", "2022"])
@pytest.mark.parametrize("length", ["defined", "undefined"])
def test_texts_are_as_written_in_every_encoding(
    tmp_path: Path, syntax: UID, charset: str | list[str], length: str
) -> None:
    """The character set of a file holds in its sequences too (PS3.3 C.12.1.1.2)."""

    def name(_at: int, dataset: Dataset) -> None:
        item = Dataset()
        item.PatientID = "Grün-8"
        dataset.SpecificCharacterSet, dataset.PatientID = charset, "PÄT-7"
        dataset.OtherPatientIDsSequence = [item]
        dataset["OtherPatientIDsSequence"].is_undefined_length = length == "undefined"

    (path,) = write_series(tmp_path, stored(1), syntax=syntax, change=name)
    header = read_header(path)
    for dataset in (header.dataset, read_pixels(header)):
        (item,) = items(dataset, "OtherPatientIDsSequence")
        assert (text(dataset, "PatientID"), text(item, "PatientID")) == ("PÄT-7", "Grün-8")


def test_a_series_of_a_case_holds_little_of_its_header(tmp_path: Path) -> None:
    for path in write_series(
        tmp_path / "ct", attributes={"SeriesDescription": "Brüste", "PatientComments": "c" * 9000}
    ):
        dataset = read_header(path).dataset
        dataset.add_new(0x00291010, "OB", bytes(120_000))
        save(dataset, path, ExplicitVRLittleEndian)
    (found,) = find_series(tmp_path / "ct")
    assert len(pickle.dumps(found)) < 30_000
    brief = pickle.loads(pickle.dumps(found.brief))
    assert len(pickle.dumps(brief)) < 4000
    for name in ("study_uid", "frame_of_reference_uid", "patient_id", "modality", "description", "number", "is_image"):
        assert getattr(brief, name) == getattr(found, name)
    assert (brief.description, str(brief)) == ("Brüste", str(found))
    (case,) = find_cases(tmp_path / "ct", Pseudonyms(Key(b"k" * 32))).cases
    assert len(pickle.dumps(case)) < 8000
