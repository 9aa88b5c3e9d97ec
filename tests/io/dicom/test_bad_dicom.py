"""Files that are cut off, lie, or hold what is no image: one sentence each, before anything is allocated."""

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SegmentationStorage,
)

import voxmill as vm
from dicom_files import enhanced, positions, save, stored, write_series
from voxmill.io.dicom.codestreams import frame_size
from voxmill.io.dicom.headers import INFLATED_LIMIT

ENORMOUS = {"Rows": 65_000, "Columns": 65_000}


def refused(path: Path) -> str:
    with pytest.raises(vm.InputError) as caught:
        vm.read_image(path)
    text = str(caught.value)
    assert str(path.parent) not in text
    return text


@pytest.fixture
def one(tmp_path: Path) -> Path:
    (path,) = write_series(tmp_path, stored(1))
    return path


def changed(path: Path, **attributes: object) -> Path:
    dataset = dcmread(path)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path: Path, syntax: UID) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=syntax)
    changed(path, **ENORMOUS)
    tracemalloc.start()
    said = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said.startswith("a001: its header promises 8450000000 bytes of voxels, more than the file (")
    assert peak < 10_000_000


def test_absurd_numbers_of_frames_are_refused(tmp_path: Path) -> None:
    dataset = enhanced(stored(2), positions([0, 3]))
    dataset.NumberOfFrames = 2**31 - 1
    assert "promises" in refused(save(dataset, tmp_path / "frames", ExplicitVRLittleEndian))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("said", [None, ExplicitVRLittleEndian])
def test_compressed_pixels_whose_encoding_is_not_told_are_refused(
    tmp_path: Path, syntax: UID, said: UID | None
) -> None:
    """Noise may be longer compressed than plain, so that its length says nothing."""
    (path,) = write_series(tmp_path, stored(1), syntax=syntax)
    dataset = dcmread(path)
    del dataset.file_meta.TransferSyntaxUID
    if said is not None:
        dataset.file_meta.TransferSyntaxUID = said
    dataset.save_as(path, implicit_vr=False, little_endian=True)
    assert refused(path) == (
        "a001: its pixels are compressed, and TransferSyntaxUID (0002,0010) is missing or says that they are not; "
        "export the file again from its source"
    )


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_a_compressed_frame_of_another_size_is_refused(tmp_path: Path, syntax: UID) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=syntax)
    said = refused(changed(path, Rows=32))
    assert said.startswith("a001: a compressed frame has 34 x 33 voxels, the header says 34 x 32")


def test_a_compressed_frame_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=JPEG2000Lossless)
    content = bytearray(path.read_bytes())
    at = content.index(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = struct.pack(">II", 2**31, 2**31)
    path.write_bytes(content)
    assert "a compressed frame has 2147483648 x 2147483648 voxels" in refused(path)


def test_a_deflated_bomb_is_refused(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, stored(1), syntax=DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = bytes(2**24)
    parts = [squeeze.compress(block) for _ in range(INFLATED_LIMIT // len(block) + 1)]
    path.write_bytes(content[:start] + b"".join(parts) + squeeze.flush())
    assert refused(path) == (
        "a001: its deflated dataset inflates to more than 1073741824 bytes, and is not read; save the file uncompressed"
    )


@given(share=st.floats(0, 0.999), kind=st.sampled_from(["plain", "deflated", "rle", "j2k", "jls"]))
def test_a_file_that_is_cut_off_is_refused(tmp_path_factory: pytest.TempPathFactory, share: float, kind: str) -> None:
    syntaxes = {
        "plain": ExplicitVRLittleEndian,
        "deflated": DeflatedExplicitVRLittleEndian,
        "rle": RLELossless,
        "j2k": JPEG2000Lossless,
        "jls": JPEGLSLossless,
    }
    folder = tmp_path_factory.mktemp("cut")
    (path,) = write_series(folder, stored(1), syntax=syntaxes[kind])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * (len(content) - 12))])  # the end of an encapsulated item is 8 bytes
    assert refused(path)


@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    syntax = data.draw(st.sampled_from([ExplicitVRLittleEndian, RLELossless, JPEGLSLossless]))
    (path,) = write_series(folder, stored(1), syntax=syntax)
    content = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(132, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        image = vm.read_image(path)
    except vm.InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert np.isfinite(image.array).all()


def test_an_element_of_no_kind_that_nobody_asks_for_stops_nothing(tmp_path: Path) -> None:
    """An empty one, whose value representation is damaged: pydicom parses those when it copies a header."""
    for path in write_series(tmp_path):
        path.write_bytes(path.read_bytes().replace(b"\x08\x00\x50\x00SH", b"\x08\x00\x50\x00S\0"))
    assert np.array_equal(vm.read_image(tmp_path).array, stored().astype(int) - 1024)


def test_a_decoder_that_panics_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    """Of a run-length stream with more voxels than there are, pylibjpeg-rle raises what is no Exception."""
    (path,) = write_series(tmp_path, stored(1), syntax=RLELossless)
    segment = bytes([129, 7]) * 10  # 128 bytes of 7, ten times
    header = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13)
    dataset = dcmread(path)
    dataset.PixelData = encapsulate([header + segment + segment])
    dataset.save_as(path)
    assert refused(path) == "a001: its pixels are cut off or damaged; copy the file again"


@pytest.mark.parametrize(
    "attributes, said",
    [
        ({"PhotometricInterpretation": "RGB"}, "a picture in colour (RGB)"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "a picture in colour (PALETTE COLOR)"),
        ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "one bit per voxel is a mask"),
        ({"HighBit": 14}, "16 bits per voxel, 16 of them used up to bit 14, cannot be read"),
        ({"BitsAllocated": 64, "BitsStored": 64, "HighBit": 63}, "64 bits per voxel"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "this is a localizer"),
        ({"NumberOfFrames": 2, "Rows": 16}, "2 frames, and no place for each"),
        ({"SOPClassUID": SegmentationStorage}, "no image of CT, MR or PET but Segmentation Storage"),
        ({"SOPClassUID": "1.2.3"}, "no image of CT, MR or PET but '1.2.3'"),
        ({"RescaleSlope": 0}, "RescaleSlope (0028,1053) is 0"),
        ({"ModalityLUTSequence": []}, "ModalityLUTSequence (0028,3000), which cannot be read"),
        ({"PixelSpacing": [0.5, 0]}, "PixelSpacing (0028,0030) must be above 0"),
        ({"PixelSpacing": [0.5]}, "PixelSpacing (0028,0030) must be 2 numbers; found '0.5'"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "must be two unit vectors at right angles"),
        ({"ImageOrientationPatient": [2, 0, 0, 0, 2, 0]}, "must be two unit vectors at right angles"),
        ({"SliceThickness": 0}, "one slice, and SliceThickness (0018,0050) is missing"),
        ({"Rows": 0}, "Rows (0028,0010) is 0, and must be a whole number above 0"),
    ],
)
def test_what_is_no_slice_is_refused(one: Path, attributes: dict[str, object], said: str) -> None:
    assert said in refused(changed(one, **attributes))


def test_values_that_are_no_numbers_are_refused(one: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(content.replace(b"-1024 ", b"nan   ").replace(b"-1024", b"nan  "))
    assert "RescaleIntercept (0028,1052)" in refused(one)


@pytest.mark.parametrize(
    "syntax, said",
    [
        (JPEGLosslessSV1, 'need another decoder: pip install "voxmill[libjpeg]" (GPL-3)'),
        (MPEG2MPML, "cannot be decoded; save it uncompressed"),
        (UID("1.2.3.4"), "its transfer syntax 1.2.3.4 is not known"),
    ],
)
def test_encodings_that_cannot_be_decoded_are_named(one: Path, syntax: UID, said: str) -> None:
    dataset = dcmread(one)
    dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(one, implicit_vr=False, little_endian=True)
    assert said in refused(one)


def test_a_transfer_syntax_that_is_no_uid_is_not_repeated(one: Path) -> None:
    one.write_bytes(one.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"Jane".ljust(20)))
    assert "its transfer syntax is no UID; save" in refused(one)


def test_pixels_that_are_missing(one: Path) -> None:
    dataset = dcmread(one)
    del dataset.PixelData
    dataset.PatientComments = "x" * 10_000  # as large as it would be with them
    dataset.save_as(one)
    assert refused(one).startswith("a001: it has no pixels: PixelData (7fe0,0010) is missing")


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write_series(inside)
    (path,) = write_series(outside, stored(1), places=positions([15]))
    (inside / "link").symlink_to(path)
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    (inside / "dangling").symlink_to("nowhere")
    (inside / "within").symlink_to("a001")
    image = vm.read_image(inside)
    assert len(image.array) == 5
    for name in ("dangling", "link", "within"):
        assert f"{name}: this is a link, and is not followed" in image.notes[-1]
    assert "linked: this is a link to a folder, and is not followed" in image.notes[-1]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not hold for root")
def test_a_file_without_permission_is_a_failure(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    paths[-1].chmod(0)
    assert "no permission to read this file" in vm.read_image(tmp_path).notes[-1]


def test_settings_of_dicom_are_for_dicom_alone(tmp_path: Path) -> None:
    vm.write_image(vm.Volume(np.zeros((2, 2, 2)), spacing=(1, 1, 1)), tmp_path / "image.nrrd")
    for given_ in ({"series": 1}, {"allow_gaps": True}):
        with pytest.raises(vm.SettingsError, match="series and allow_gaps are for DICOM"):
            vm.read_image(tmp_path / "image.nrrd", **given_)


@pytest.mark.parametrize(
    "data, size",
    [
        (b"\xff\xd8\xff\xff\xe0\x00\x04ab\xff\xd0\xff\xc0\x00\x11\x08\x00\x10\x00\x20", (16, 32)),
        (b"\xff\xd8\xff\xf7\x00\x0b\x10\x01\x00\x02\x00", (256, 512)),
        (b"jP\xff\x4f\xff\x51" + bytes(4) + struct.pack(">4I", 40, 30, 8, 10), (20, 32)),
        (b"\xff\xd8\xff\xc4\x00\x04ab\xff\xda\x00\x04ab", None),
        (b"\xff\x4f\xff\x51short", None),
        (b"nothing", None),
    ],
)
def test_sizes_in_compressed_frames(data: bytes, size: tuple[int, int] | None) -> None:
    assert frame_size(data + bytes(8) if size else data) == size
