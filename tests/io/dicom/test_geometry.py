"""Slices that do not make a regular volume: noted, refused, or made up where that is asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import voxmill as vm
from dicom_files import AXIAL, CORONAL, Axes, enhanced, positions, save, stored, uid, write_series

HOUNSFIELD = -1024


def by_hand(pixels: NDArray[Any], steps: list[float], wanted: list[float]) -> NDArray[np.float64]:
    """Linear interpolation of every column of voxels along the normal, one by one."""
    made = np.empty((len(wanted), *pixels.shape[1:]))
    for row in range(pixels.shape[1]):
        for column in range(pixels.shape[2]):
            made[:, row, column] = np.interp(wanted, steps, pixels[:, row, column].astype(float) + HOUNSFIELD)
    return made


def test_a_missing_slice_is_refused_and_named(tmp_path: Path) -> None:
    write_series(tmp_path, places=positions([0, 3, 9, 12, 15]))
    with pytest.raises(vm.InputError, match=r"slices are missing, of 3 mm each: 1 after slice 2; .*allow_gaps=True"):
        vm.read_image(tmp_path)


@pytest.mark.parametrize("axes", [AXIAL, CORONAL])
def test_missing_slices_are_made_up_where_that_is_asked_for(tmp_path: Path, axes: Axes) -> None:
    steps = [0.0, 3.0, 9.0, 12.0, 21.0]
    write_series(tmp_path, places=positions(steps, axes), axes=axes)
    image = vm.read_image(tmp_path, allow_gaps=True)
    expected = by_hand(stored(), steps, [3.0 * at for at in range(8)])
    assert image.dtype == np.float64  # whole numbers of 32 bits before
    np.testing.assert_allclose(image.array, expected, rtol=1e-12, atol=1e-9)
    assert np.array_equal(image.array[[0, 1, 3, 4, 7]], stored().astype(float) + HOUNSFIELD)
    assert image.grid.spacing[2] == 3.0
    assert image.notes == ("3 of its slices made up by linear interpolation between their neighbours: 3, 6, 7",)


def test_uneven_steps_are_refused_or_resampled(tmp_path: Path) -> None:
    steps = [0.0, 3.0, 6.0, 10.5, 13.5]
    write_series(tmp_path, places=positions(steps))
    with pytest.raises(vm.InputError, match=r"uneven, 3\.000 to 4\.500 mm \(up to 0\.3 mm off is taken\)"):
        vm.read_image(tmp_path)
    image = vm.read_image(tmp_path, allow_gaps=True)
    depth = image.grid.spacing[2]
    expected = by_hand(stored(), steps, [depth * at for at in range(image.array.shape[0])])
    np.testing.assert_allclose(image.array, expected, rtol=1e-6, atol=1e-3)
    assert "made up" in image.notes[0]


@given(st.lists(st.floats(-0.1, 0.1), min_size=4, max_size=12))
def test_jitter_of_a_tenth_of_a_millimetre_is_read(tmp_path_factory: pytest.TempPathFactory, off: list[float]) -> None:
    folder = tmp_path_factory.mktemp("jitter")
    steps = [3.0 * at + one for at, one in enumerate(off)]
    write_series(folder, stored(len(off)), places=positions(steps))
    image = vm.read_image(folder)
    assert np.array_equal(image.array, stored(len(off)).astype(int) + HOUNSFIELD)
    np.testing.assert_allclose(image.grid.spacing[2], (steps[-1] - steps[0]) / (len(off) - 1), atol=1e-8)
    uneven = max(abs(one - step) for one, step in zip(steps, np.linspace(steps[0], steps[-1], len(off)), strict=True))
    if uneven > 0.011:
        assert image.notes[0].startswith("the steps between its slices vary from ")


def test_a_slice_missing_among_thin_ones_is_no_jitter(tmp_path: Path) -> None:
    write_series(tmp_path, places=positions([0, 0.25, 0.75, 1.0, 1.25]))
    with pytest.raises(vm.InputError, match="1 after slice 2"):
        vm.read_image(tmp_path)


def test_most_slices_missing_are_never_made_up(tmp_path: Path) -> None:
    write_series(tmp_path, places=positions([0, 3, 6, 9, 1e12]))
    for allow_gaps in (False, True):
        with pytest.raises(vm.InputError, match="most of its slices are missing: 5 of "):
            vm.read_image(tmp_path, allow_gaps=allow_gaps)


@pytest.mark.parametrize("degrees", [1.0, -12.5, 25.0])
def test_a_tilted_gantry_is_a_sheared_grid(tmp_path: Path, degrees: float) -> None:
    aside = np.tan(np.radians(degrees))
    places = [[-20.5, 10.25 + 3 * at * aside, 30.0 + 3 * at] for at in range(5)]
    write_series(tmp_path, places=places)
    image = vm.read_image(tmp_path)
    np.testing.assert_allclose(image.grid.points([4, 0, 0]), places[4], atol=1e-8)
    np.testing.assert_allclose(image.grid.shear, abs(np.sin(np.radians(degrees))), rtol=1e-6)
    assert image.notes == (
        f"the gantry was tilted: its slices are sheared by {abs(degrees):.1f} degrees, as its grid says",
    )
    mask = vm.Mask(np.ones(image.grid.shape, np.uint8), image.grid)
    with pytest.raises(vm.InputError, match="its axes are not at right angles"):
        vm.extract(image, mask)


def test_slices_shifted_sideways_are_refused(tmp_path: Path) -> None:
    places = positions([0, 3, 6, 9, 12])
    places[2][0] += 4
    write_series(tmp_path, places=places)
    with pytest.raises(vm.InputError, match=r"shifted sideways by up to 4\.00 mm"):
        vm.read_image(tmp_path)


def test_orientations_must_be_one(tmp_path: Path) -> None:
    def turn(at: int, dataset: Dataset) -> None:
        if at == 3:
            dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]

    write_series(tmp_path, change=turn)
    with pytest.raises(vm.InputError, match=r"different orientations \(4 of .*; 1 of .*\(0020,0037\)\)"):
        vm.read_image(tmp_path)


def test_several_volumes_in_a_series_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, stored(6), places=positions([0, 3, 6, 0, 3, 6]))
    with pytest.raises(vm.InputError, match=r"4 or more of its 6 slices share their place .*several volumes"):
        vm.read_image(tmp_path)


def test_a_file_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    (tmp_path / "copy").write_bytes(paths[2].read_bytes())
    image = vm.read_image(tmp_path)
    assert np.array_equal(image.array, stored().astype(int) + HOUNSFIELD)
    assert image.notes == ("1 of its slices is there twice, with one SOPInstanceUID (0008,0018): one of each was read",)
    (tmp_path / "a copy").write_bytes(paths[1].read_bytes())
    assert vm.read_image(tmp_path).notes[0].startswith("2 of its slices are there twice")


def test_a_slice_that_is_there_encoded_otherwise_is_read_once(tmp_path: Path) -> None:
    path = write_series(tmp_path)[2]
    dataset = dcmread(path)
    save(dataset, tmp_path / "copy", RLELossless)
    assert np.array_equal(vm.read_image(tmp_path).array, stored().astype(int) + HOUNSFIELD)


@pytest.mark.parametrize("name", ["AAA", "zzz"])
def test_slices_of_one_uid_and_place_with_other_values_are_refused(tmp_path: Path, name: str) -> None:
    """Whatever they are called: else the name of a file would decide which values are measured."""
    dataset = dcmread(write_series(tmp_path)[2])
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(tmp_path / name)
    with pytest.raises(vm.InputError, match=r"are one slice by their SOPInstanceUID .* differ in their values; leave"):
        vm.read_image(tmp_path)


def test_slices_of_one_uid_in_several_places_are_all_slices(tmp_path: Path) -> None:
    write_series(tmp_path, attributes={"SOPInstanceUID": uid("same")})
    assert len(vm.read_image(tmp_path).array) == 5


@pytest.mark.parametrize("keyword, value", [("Rows", 6), ("PixelSpacing", [0.75, 0.75])])
def test_slices_must_be_alike(tmp_path: Path, keyword: str, value: object) -> None:
    def differ(at: int, dataset: Dataset) -> None:
        if at == 0 and keyword == "Rows":
            dataset.Rows, dataset.PixelData = 6, dataset.PixelData[: 6 * 34 * 2]
        elif at == 0:
            dataset.PixelSpacing = value

    write_series(tmp_path, change=differ)
    with pytest.raises(vm.InputError, match=rf"its slices differ in {keyword} \("):
        vm.read_image(tmp_path)


def test_one_slice_has_the_depth_of_its_header(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, stored(1))
    image = vm.read_image(path)
    assert image.grid.spacing == (0.5, 0.75, 3.0)
    assert image.notes == ("one slice: its depth of 3 mm is that of its header",)


@pytest.mark.parametrize(
    "keyword, tag",
    [
        ("ImagePositionPatient", "0020,0032"),
        ("ImageOrientationPatient", "0020,0037"),
        ("PixelSpacing", "0028,0030"),
        ("RescaleIntercept", "0028,1052"),
        ("BitsAllocated", "0028,0100"),
    ],
)
def test_what_is_missing_is_named_as_dicom_names_it(tmp_path: Path, keyword: str, tag: str) -> None:
    write_series(tmp_path, attributes={keyword: None})
    with pytest.raises(vm.InputError, match=rf"{keyword} \({tag}\) is missing"):
        vm.read_image(tmp_path)


def test_a_frame_without_a_place_is_named(tmp_path: Path) -> None:
    dataset = enhanced(stored(), positions([0, 3, 6, 9, 12]))
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    save(dataset, tmp_path / "frames", ExplicitVRLittleEndian)
    with pytest.raises(vm.InputError, match=r"^frames, frame 3: ImagePositionPatient \(0020,0032\) is missing"):
        vm.read_image(tmp_path / "frames")
