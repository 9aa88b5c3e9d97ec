"""What is written is read back: values, grid, names; nothing half-written stays behind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from voxmill.errors import InputError, OutputError
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


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_folder_that_is_not_there(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match=rf"a{suffix}: cannot be written: No such file or directory$"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / "gone" / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_nothing_stays_behind_when_renaming_fails(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").mkdir()
    (tmp_path / "a.nrrd" / "inside").touch()
    with pytest.raises(OutputError, match=r"a.nrrd: cannot be written: Is a directory$"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / "a.nrrd")
    assert [path.name for path in tmp_path.iterdir()] == ["a.nrrd"]


FULL = """
import pathlib, resource, sys
import numpy as np
import voxmill as vm
volume = vm.Volume(np.random.default_rng(1).integers(0, 60_000, (40, 64, 64)).astype(np.uint16), spacing=(1, 1, 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    vm.write_image(volume, sys.argv[1])
except vm.OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_finds_no_room_says_so_and_leaves_the_old_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == f"{path}: cannot be written: File too large\n", done.stderr
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_itk_cuts_short_is_refused_even_without_a_cause(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = sitk.WriteImage

    def cut(image: sitk.Image, name: str, *, useCompression: bool) -> None:
        write(image, name, useCompression=useCompression)
        if suffix == ".mha":
            raise RuntimeError("Reason: none")
        Path(name).write_bytes(Path(name).read_bytes()[:-9])

    monkeypatch.setattr(sitk, "WriteImage", cut)
    with pytest.raises(OutputError, match=rf"a{suffix}: cannot be written, and .* no cause; check the disk"):
        write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_link_is_written_through_and_long_names_work(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    name = "n" * 250 + ".nrrd"
    (tmp_path / name).symlink_to(tmp_path / "real" / name)
    write_image(Volume(np.ones((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / name)
    assert (tmp_path / name).is_symlink()
    assert read_image(tmp_path / "real" / name).array.sum() == 8


def test_names_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    mask = Mask(np.ones((2, 2, 2), np.uint8), spacing=(1, 1, 1), names={1: "L\udce9sion"})
    write_mask(mask, tmp_path / "a.seg.nrrd")
    assert read_mask(tmp_path / "a.seg.nrrd").segments[0].name == "L?sion"
