"""What is written is read back: values, grid, names; nothing half-written stays behind."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io import read_image, read_mask, write_image, write_mask
from voxmill.volume import Mask, Volume

SUFFIXES = [".nrrd", ".mha", ".nii", ".nii.gz"]
OBLIQUE = [[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]
GRID = Grid.from_spacing((3, 4, 5), (0.5, 1.25, 2), origin=(-8, 4.5, 16), direction=OBLIQUE)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_image_is_read_back(tmp_path: Path, suffix: str, dtype: str) -> None:
    volume = Volume(np.random.default_rng(2).integers(0, 99, (3, 4, 5)).astype(dtype), GRID)
    write_image(volume, tmp_path / f"ct{suffix}")
    back = read_image(tmp_path / f"ct{suffix}")
    assert back.grid.matches(volume.grid)
    assert back.dtype == volume.dtype
    assert np.array_equal(back.array, volume.array)
    assert back.name == "ct"
    assert [path.name for path in tmp_path.iterdir()] == [f"ct{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_flat_image_is_read_back(tmp_path: Path, suffix: str) -> None:
    volume = Volume(np.arange(12.0).reshape(3, 4), spacing=(0.5, 2), origin=(1, 2), direction=[[0, 1], [-1, 0]])
    write_image(volume, tmp_path / f"a{suffix}")
    back = read_image(str(tmp_path / f"a{suffix}"))
    assert back.grid.matches(volume.grid)
    assert np.array_equal(back.array, volume.array)
    assert sitk.ReadImage(str(tmp_path / f"a{suffix}")).GetDimension() == 2


def test_names_are_read_back(tmp_path: Path) -> None:
    labels = np.zeros((3, 4, 5), np.uint16)
    labels[0, 1, 2], labels[2, :2] = 3, 700
    mask = Mask(labels, GRID, names={3: "Tumour", 700: "Lung, left"})
    write_mask(mask, tmp_path / "a.seg.nrrd")
    back = read_mask(tmp_path / "a.seg.nrrd")
    assert back.segments == mask.segments
    assert back.grid.matches(mask.grid)
    assert np.array_equal(back.layers[0], labels)


def test_layers_are_read_back(tmp_path: Path) -> None:
    inner, outer = np.zeros((2, 3, 4, 5), np.uint8)
    inner[1, 1, 1], outer[1:, 1:, 1:] = 1, 1
    mask = Mask.of_layers([outer, inner], GRID, names={(0, 1): "Organ", (1, 1): "Lesion"})
    write_mask(mask, tmp_path / "a.seg.nrrd")
    assert read_mask(tmp_path / "a.seg.nrrd").segments == mask.segments
    with pytest.raises(InputError, match=r"a.nii.gz: segments that overlap can only be written as .seg.nrrd"):
        write_mask(mask, tmp_path / "a.nii.gz")


def test_slicer_finds_what_it_expects(tmp_path: Path) -> None:
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[1, 2:4, 0:3] = 2
    write_mask(Mask(labels, GRID), tmp_path / "a.seg.nrrd")
    image = sitk.ReadImage(str(tmp_path / "a.seg.nrrd"))
    assert image.GetMetaData("Segment0_Extent") == "0 2 2 3 1 1"
    assert image.GetMetaData("Segment0_LabelValue") == "2"
    assert image.GetMetaData("Segment0_Name") == "2"
    assert image.GetMetaData("Segment0_Layer") == "0"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_mask_without_names_is_read_back(tmp_path: Path, suffix: str) -> None:
    mask = Mask(np.eye(4, dtype=np.uint8)[np.newaxis], spacing=(1, 2, 3))
    write_mask(mask, tmp_path / f"a{suffix}")
    assert read_mask(tmp_path / f"a{suffix}").segments == mask.segments


def test_existing_file_is_replaced(tmp_path: Path) -> None:
    for value in (1, 2):
        write_image(Volume(np.full((2, 2, 2), value), spacing=(1, 1, 1)), tmp_path / "a.nrrd")
    assert read_image(tmp_path / "a.nrrd").array.max() == 2


@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr", "a.hdr", "a.dcm", "a"])
def test_other_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: an image can be written as .seg.nrrd, .nrrd"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / name)


def test_sheared_grid_is_refused(tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.2
    with pytest.raises(InputError, match=r"a.nrrd: a sheared grid cannot be written \(size 2 x 2 x 2"):
        write_image(Volume(np.ones((2, 2, 2)), Grid((2, 2, 2), affine)), tmp_path / "a.nrrd")  # type: ignore[arg-type]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.nrrd: the file cannot be written; check that its folder exists"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / "gone" / "a.nrrd")
    assert not list(tmp_path.iterdir())


def test_nothing_stays_behind_when_renaming_fails(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").mkdir()
    (tmp_path / "a.nrrd" / "inside").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / "a.nrrd")
    assert [path.name for path in tmp_path.iterdir()] == ["a.nrrd"]
