"""Series as other programs see them: dcm2niix converts them, dciodvfy finds no error in what the tests write.

The programs are Debian's packages dcm2niix, dicom3tools and dcmtk.
"""

import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

import voxmill as vm
from dicom_files import AXIAL, CORONAL, SAGITTAL, Axes, stored, write_pet, write_series
from outside_tools import errors_in, program, run

HALF = np.sqrt(0.5)
OBLIQUE: Axes = ((HALF, HALF, 0.0), (-0.5, 0.5, HALF))
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.mark.parametrize("axes", [AXIAL, CORONAL, SAGITTAL, OBLIQUE], ids=["axial", "coronal", "sagittal", "oblique"])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_dcm2niix_finds_the_same_voxels_in_the_same_places(tmp_path: Path, axes: Axes, modality: str) -> None:
    converter = program("dcm2niix")
    write_series(tmp_path / "series", modality=modality, axes=axes)
    said = run(converter, "-z", "n", "-b", "n", "-f", "out", "-o", tmp_path, tmp_path / "series")
    paths = sorted(tmp_path.glob("out*.nii"))
    assert len(paths) == 1, said
    theirs, ours = nibabel.Nifti1Image.from_filename(paths[0]), vm.read_image(tmp_path / "series")
    affine = LPS_TO_RAS @ theirs.affine  # voxel i, j, k to LPS
    values = np.asanyarray(theirs.dataobj)
    corners = np.argwhere(np.ones((2, 2, 2))) * (np.array(values.shape) - 1)
    for corner in corners:
        place = (affine @ [*corner, 1])[:3]
        index = ours.grid.indices(place)
        np.testing.assert_allclose(index, index.round(), atol=1e-3)
        assert ours.array[tuple(index.round().astype(int))] == values[tuple(corner)]
    assert np.array_equal(np.sort(values, axis=None), np.sort(ours.array, axis=None))


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ExplicitVRBigEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless],
    ids=lambda syntax: syntax.keyword,
)
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_dciodvfy_finds_no_error(tmp_path: Path, modality: str, syntax: UID) -> None:
    (path,) = write_series(tmp_path, stored(1), modality=modality, syntax=syntax)
    assert errors_in(path) == []


def test_dciodvfy_finds_no_error_in_pet(tmp_path: Path) -> None:
    assert [error for path in write_pet(tmp_path) for error in errors_in(path)] == []


def test_dcmdump_sees_what_was_written(tmp_path: Path) -> None:
    dump = program("dcmdump")
    (path,) = write_series(tmp_path, stored(1))
    position = re.search(r"\(0020,0032\) DS \[([^\]]*)\]", run(dump, path))
    assert position is not None
    assert tuple(map(float, position[1].split("\\"))) == vm.read_image(path).grid.origin
