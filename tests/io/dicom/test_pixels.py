"""Pixels that are stored plainly are read as pydicom's decoder reads them; what is not plain is left to it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    RLELossless,
)

import voxmill as vm
from dicom_files import enhanced, positions, save, slice_dataset, stored, write_series
from voxmill.io.dicom.headers import read_header, read_pixel_element, read_pixels
from voxmill.io.dicom.pixels import PLAIN, by_decoder, decoded, is_plain
from voxmill.io.dicom.voxels import voxels_of

TYPES = ("<u1", "<i1", "<u2", "<i2", "<u4", "<i4")


def is_read_plainly(path: Path) -> bool:
    header = read_header(path)
    element = read_pixel_element(header)
    assert isinstance(element, RawDataElement)
    return is_plain(header, element)


def require_same(path: Path, indices: list[int]) -> None:
    header = read_header(path)
    voxels = voxels_of(header)
    found = list(decoded(header, indices, voxels))
    expected = list(by_decoder(header, read_pixels(header), indices, voxels))
    assert len(found) == len(expected) == len(indices)
    for one, other in zip(found, expected, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert np.array_equal(one, other)


@given(
    st.sampled_from(TYPES).flatmap(lambda kind: arrays(kind, st.tuples(st.integers(1, 7), st.integers(1, 7)))),
    st.integers(1, 32),
    st.sampled_from(PLAIN),
)
def test_plain_pixels_are_those_of_the_decoder(
    tmp_path_factory: pytest.TempPathFactory, pixels: NDArray[Any], bits: int, syntax: UID
) -> None:
    dataset = slice_dataset(pixels, (0, 0, 0))
    dataset.BitsStored = min(bits, dataset.BitsAllocated)
    dataset.HighBit = dataset.BitsStored - 1
    path = save(dataset, tmp_path_factory.mktemp("pixels") / "one", syntax)
    assert is_read_plainly(path)
    require_same(path, [0])


@pytest.mark.parametrize("syntax", PLAIN, ids=lambda syntax: syntax.keyword)
def test_frames_of_a_file_come_in_the_order_asked_for(tmp_path: Path, syntax: UID) -> None:
    path = save(enhanced(stored(4), positions([0, 3, 6, 9])), tmp_path / "many", syntax)
    assert is_read_plainly(path)
    require_same(path, [2, 0, 3])


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, RLELossless], ids=lambda syntax: syntax.keyword)
def test_other_pixels_are_left_to_the_decoder(tmp_path: Path, syntax: UID) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=syntax)
    assert not is_read_plainly(path)


@pytest.mark.parametrize("syntax", PLAIN[:2], ids=lambda syntax: syntax.keyword)
def test_plain_pixels_that_are_cut_off_are_refused(tmp_path: Path, syntax: UID) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=syntax)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(vm.InputError, match="cut off"):
        vm.read_image(path)


def test_a_sign_that_is_none_is_refused(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, stored(1), attributes={"PixelRepresentation": 2})
    with pytest.raises(vm.InputError, match=r"PixelRepresentation \(0028,0103\) is 0 or 1; found 2; export the image"):
        vm.read_image(path)
