"""Every bad file is one sentence that names the file, says what was found and what to do."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from image_files import (
    FLAT,
    NRRD,
    VOXELS,
    gzipped,
    nifti_header,
    write_compressed_metaimage,
    write_metaimage,
    write_nifti,
    write_nrrd,
)
from voxmill.errors import InputError
from voxmill.io import read_image, read_mask

Make = Callable[[Path], object]
BIG = "40000 40000 40000"


def flipped(stream: bytes) -> bytes:
    """A stream with one byte of its checksum changed."""
    at = len(stream) - 6 if stream.startswith(b"\x1f\x8b") else len(stream) - 2
    return stream[:at] + bytes([stream[at] ^ 0xFF]) + stream[at + 1 :]


def cut(path: Path, keep: int) -> None:
    """Keep the first bytes of a file only."""
    path.write_bytes(path.read_bytes()[:keep])


BAD: list[tuple[str, str, Make, str]] = [
    # what, the file's name, how to make it, what its sentence says
    ("missing", "gone.nrrd", lambda p: None, "there is no such file; check the path"),
    ("missing, suffix unknown", "gone.txt", lambda p: None, "there is no such file"),
    ("a name too long", "x" * 300 + ".nrrd", lambda p: None, "cannot be opened: file name too long"),
    (
        "folder",
        "dicom",
        lambda p: p.mkdir(),
        "there are no DICOM images of CT, MR or PET in it; no DICOM files were found",
    ),
    ("folder with a suffix", "folder.nrrd", lambda p: p.mkdir(), "this is a folder"),
    ("a pipe", "pipe.nrrd", lambda p: os.mkfifo(p), "not a regular file"),
    ("suffix unknown", "notes.txt", lambda p: p.write_text("hello"), "supported are DICOM, NIfTI"),
    ("only a suffix", ".nrrd", lambda p: p.write_text("hello"), "supported are DICOM, NIfTI"),
    ("empty NRRD", "a.nrrd", lambda p: p.touch(), "this file is empty"),
    ("empty MetaImage", "a.mha", lambda p: p.touch(), "this file is empty"),
    ("empty NIfTI", "a.nii.gz", lambda p: p.touch(), "this file is empty"),
    ("text as NRRD", "a.nrrd", lambda p: p.write_text("hello" * 999), "this is not a NRRD file"),
    ("text as MetaImage", "a.mha", lambda p: p.write_text("hello" * 999), "this is not a MetaImage file"),
    ("text as NIfTI", "a.nii", lambda p: p.write_text("hello" * 999), "this is not a NIfTI file"),
    ("NIfTI suffix in mixed case", "a.Nii", lambda p: write_nifti(p), "rename it to a.nii"),
    ("text as gzip", "a.nii.gz", lambda p: p.write_text("hello" * 999), "cannot be decompressed"),
    ("Analyze 7.5", "a.hdr", lambda p: write_nifti(p, nifti_header(magic=b"")), "Analyze 7.5 is not read"),
    # NRRD
    ("NRRD zero spacing", "a.nrrd", lambda p: write_nrrd(p, NRRD | FLAT, spacings="1 0"), r"spacing .* \(1, 0\)"),
    ("NRRD negative spacing", "a.nrrd", lambda p: write_nrrd(p, NRRD | FLAT, spacings="1 -2"), r"is \(1, -2\)"),
    ("NRRD spacing unknown", "a.nrrd", lambda p: write_nrrd(p, NRRD | FLAT, spacings="1 nan"), r"is \(1, nan\)"),
    ("NRRD spacing no number", "a.nrrd", lambda p: write_nrrd(p, NRRD | FLAT, spacings="1 x"), r"is \(1, nan\)"),
    (
        "NRRD zero direction",
        "a.nrrd",
        lambda p: write_nrrd(p, space_directions="(1,0,0) (0,0,0) (0,0,3)"),
        r"spacing in its header is \(1, 0, 3\); it must be positive",
    ),
    (
        "NRRD parallel axes",
        "a.nrrd",
        lambda p: write_nrrd(p, space_directions="(1,0,0) (1,0,0) (0,0,3)"),
        "axes of a grid must span space",
    ),
    ("NRRD truncated", "a.nrrd", lambda p: write_nrrd(p, data=VOXELS[:-1]), "promises 48 bytes, the file holds 47"),
    ("NRRD huge", "a.nrrd", lambda p: write_nrrd(p, sizes=BIG), "promises 128000000000000 bytes"),
    ("NRRD huge gzip", "a.nrrd", lambda p: write_nrrd(p, sizes=BIG, encoding="gzip"), "after decompression"),
    ("NRRD text too short", "a.nrrd", lambda p: write_nrrd(p, data=b"1 2 3", encoding="ascii"), "promises 24 bytes"),
    (
        "NRRD gzip truncated",
        "a.nrrd",
        lambda p: write_nrrd(p, data=gzipped(VOXELS)[:-12], encoding="gzip"),
        "truncated or corrupt",
    ),
    (
        "NRRD gzip short of voxels",
        "a.nrrd",
        lambda p: write_nrrd(p, data=gzipped(VOXELS[:-2]), encoding="gzip"),
        "truncated or corrupt",
    ),
    (
        "NRRD gzip checksum",
        "a.nrrd",
        lambda p: write_nrrd(p, data=flipped(gzipped(VOXELS)), encoding="gzip"),
        "truncated or corrupt",
    ),
    ("NRRD bzip2", "a.nrrd", lambda p: write_nrrd(p, encoding="bzip2"), "compressed with bzip2"),
    ("NRRD type unknown", "a.nrrd", lambda p: write_nrrd(p, type="quark"), "its header is damaged"),
    ("NRRD size zero", "a.nrrd", lambda p: write_nrrd(p, sizes="4 0 2"), "its header is damaged"),
    ("NRRD origin not finite", "a.nrrd", lambda p: write_nrrd(p, space_origin="(nan,0,0)"), "its header is damaged"),
    (
        "NRRD 4D",
        "a.nrrd",
        lambda p: write_nrrd(p, NRRD | FLAT, dimension="4", sizes="2 3 2 2", spacings="1 1 1 1"),
        r"has 4 \(2 x 3 x 2 x 2\); save one volume",
    ),
    (
        "NRRD 1D",
        "a.nrrd",
        lambda p: write_nrrd(p, NRRD | FLAT, dimension="1", sizes="24", spacings="1"),
        r"2 or 3 dimensions, this one has 1 \(24\)",
    ),
    (
        "NRRD colour",
        "a.nrrd",
        lambda p: write_nrrd(
            p,
            type="uchar",
            dimension="4",
            sizes="3 4 2 2",
            kinds="RGB-color domain domain domain",
            space_directions="none (1,0,0) (0,1,0) (0,0,1)",
        ),
        "one value per voxel, this one has 3",
    ),
    (
        "NRRD complex",
        "a.nrrd",
        lambda p: write_nrrd(
            p,
            type="float",
            dimension="4",
            sizes="2 3 2 1",
            kinds="complex domain domain domain",
            space_directions="none (1,0,0) (0,1,0) (0,0,1)",
        ),
        "complex numbers; save their magnitude",
    ),
    ("NRRD data file gone", "a.nhdr", lambda p: write_nrrd(p, data_file="b.raw"), "b.raw: there is no such file"),
    ("NRRD data file absolute", "a.nhdr", lambda p: write_nrrd(p, data_file="/etc/passwd"), "outside its own folder"),
    ("NRRD data file above", "a.nhdr", lambda p: write_nrrd(p, data_file="x/../../b"), "outside its own folder"),
    ("NRRD data file list", "a.nhdr", lambda p: write_nrrd(p, data_file="LIST"), "several data files"),
    ("NRRD data file pattern", "a.nhdr", lambda p: write_nrrd(p, data_file="b%d.raw 1 2 1"), "several data files"),
    # MetaImage
    ("MetaImage zero spacing", "a.mha", lambda p: write_metaimage(p, ElementSpacing="1 0 3"), r"is \(1, 0, 3\)"),
    ("MetaImage negative spacing", "a.mha", lambda p: write_metaimage(p, ElementSpacing="1 -2 3"), r"is \(1, -2, 3\)"),
    ("MetaImage spacing not finite", "a.mha", lambda p: write_metaimage(p, ElementSpacing="1 inf 3"), "it must be pos"),
    ("MetaImage spacing too short", "a.mha", lambda p: write_metaimage(p, ElementSpacing="1 2"), "ElementSpacing"),
    ("MetaImage origin not finite", "a.mha", lambda p: write_metaimage(p, Offset="nan 0 0"), "Offset in its header"),
    ("MetaImage origin no number", "a.mha", lambda p: write_metaimage(p, Offset="a b c"), "Offset in its header"),
    (
        "MetaImage direction not unit",
        "a.mha",
        lambda p: write_metaimage(p, TransformMatrix="2 0 0 0 1 0 0 0 1"),
        r"unit vectors; found lengths \(2, 1, 1\)",
    ),
    ("MetaImage truncated", "a.mha", lambda p: write_metaimage(p, VOXELS[:10]), "promises 48 bytes, the file holds 10"),
    ("MetaImage huge", "a.mha", lambda p: write_metaimage(p, DimSize=BIG), "promises 128000000000000 bytes"),
    ("MetaImage size negative", "a.mha", lambda p: write_metaimage(p, DimSize="4 -3 2"), "DimSize in its header"),
    ("MetaImage size zero", "a.mha", lambda p: write_metaimage(p, DimSize="4 0 2"), "DimSize in its header"),
    ("MetaImage size missing", "a.mha", lambda p: write_metaimage(p, DimSize=""), "no DimSize"),
    ("MetaImage type unknown", "a.mha", lambda p: write_metaimage(p, ElementType="MET_QUARK"), "ElementType"),
    ("MetaImage text", "a.mha", lambda p: write_metaimage(p, BinaryData="False"), "written as text"),
    ("MetaImage header skipped", "a.mha", lambda p: write_metaimage(p, HeaderSize="4"), "HeaderSize"),
    (
        "MetaImage 4D",
        "a.mha",
        lambda p: write_metaimage(
            p, NDims="4", DimSize="4 3 1 2", ElementSpacing="1 1 1 1", Offset="0 0 0 0", TransformMatrix=""
        ),
        r"has 4 \(4 x 3 x 1 x 2\)",
    ),
    (
        "MetaImage vector",
        "a.mha",
        lambda p: write_metaimage(p, DimSize="3 2 2", ElementNumberOfChannels="2"),
        "one value per voxel, this one has 2",
    ),
    (
        "MetaImage zlib truncated",
        "a.mha",
        lambda p: write_compressed_metaimage(p, zlib.compress(VOXELS)[:-9]),
        "cannot be decompressed",
    ),
    (
        "MetaImage zlib checksum",
        "a.mha",
        lambda p: write_compressed_metaimage(p, flipped(zlib.compress(VOXELS))),
        "cannot be decompressed",
    ),
    (
        "MetaImage zlib short of voxels",
        "a.mha",
        lambda p: write_compressed_metaimage(p, zlib.compress(VOXELS[:-2])),
        "cannot be decompressed",
    ),
    (
        "MetaImage zlib bomb",
        "a.mha",
        lambda p: write_compressed_metaimage(p, zlib.compress(bytes(10_000_000))),
        "cannot be decompressed",
    ),
    (
        "MetaImage zlib of no known size",
        "a.mha",
        lambda p: write_compressed_metaimage(p, zlib.compress(VOXELS), CompressedDataSize=""),
        r"CompressedDataSize .* \(missing\)",
    ),
    (
        "MetaImage zlib larger than the file",
        "a.mha",
        lambda p: write_compressed_metaimage(p, zlib.compress(VOXELS), CompressedDataSize="1000000"),
        r"CompressedDataSize .* \(1000000\)",
    ),
    ("MetaImage data gone", "a.mhd", lambda p: write_metaimage(p, ElementDataFile="b.raw"), "b.raw: there is no such"),
    ("MetaImage data elsewhere", "a.mhd", lambda p: write_metaimage(p, ElementDataFile="../b"), "outside its own"),
    ("MetaImage data list", "a.mhd", lambda p: write_metaimage(p, ElementDataFile="LIST"), "several data files"),
    # NIfTI
    ("NIfTI zero spacing", "a.nii", lambda p: write_nifti(p, nifti_header(spacing=(1, 0, 3))), r"is \(1, 0, 3\)"),
    ("NIfTI negative spacing", "a.nii", lambda p: write_nifti(p, nifti_header(spacing=(-1, 2, 3))), r"is \(-1, 2, 3\)"),
    ("NIfTI spacing unknown", "a.nii", lambda p: write_nifti(p, nifti_header(spacing=(1, np.nan, 3))), "it must be"),
    (
        "NIfTI two spacings",
        "a.nii",
        lambda p: write_nifti(p, nifti_header(sform=np.diag([2, 2, 2, 1]))),
        r"two spacings: \(1, 2, 3\) in pixdim, \(2, 2, 2\) in the sform",
    ),
    ("NIfTI sform zero", "a.nii", lambda p: write_nifti(p, nifti_header(sform=np.zeros((4, 4)))), r"is \(0, 0, 0\)"),
    (
        "NIfTI sform not finite",
        "a.nii",
        lambda p: write_nifti(p, nifti_header(sform=np.full((4, 4), np.nan))),
        "sform or qform .* not finite",
    ),
    (
        "NIfTI qform not finite",
        "a.nii",
        lambda p: write_nifti(p, nifti_header(qform=(np.nan, 0, 0, 0, 0, 0))),
        "sform or qform .* not finite",
    ),
    (
        "NIfTI truncated",
        "a.nii",
        lambda p: write_nifti(p, data=VOXELS[:-1]),
        "promises 400 bytes, the file holds 399",
    ),
    ("NIfTI header truncated", "a.nii", lambda p: cut(write_nifti(p), 300), "this is not a NIfTI file"),
    ("NIfTI gzip truncated", "a.nii.gz", lambda p: cut(write_nifti(p), 60), "cannot be decompressed"),
    (
        "NIfTI gzip short",
        "a.nii.gz",
        lambda p: write_nifti(p, data=VOXELS[:-1]),
        "promises 48 bytes, the file holds 47",
    ),
    (
        "NIfTI gzip checksum",
        "a.nii.gz",
        lambda p: write_nifti(p).write_bytes(flipped(p.read_bytes())),
        "cannot be decompressed",
    ),
    ("NIfTI huge", "a.nii", lambda p: write_nifti(p, nifti_header((30000,) * 3)), "promises 54000000000352 bytes"),
    ("NIfTI huge gzip", "a.nii.gz", lambda p: write_nifti(p, nifti_header((32767,) * 3)), "after decompression"),
    ("NIfTI 4D", "a.nii", lambda p: write_nifti(p, nifti_header((2, 3, 2, 2))), r"has 4 \(2 x 3 x 2 x 2\)"),
    ("NIfTI 5D", "a.nii", lambda p: write_nifti(p, nifti_header((2, 3, 2, 1, 2))), r"has 5 \(2 x 3 x 2 x 1 x 2\)"),
    ("NIfTI 7D", "a.nii", lambda p: write_nifti(p, nifti_header((2, 3, 2, 1, 1, 1, 2))), "this one has 7"),
    ("NIfTI 1D", "a.nii", lambda p: write_nifti(p, nifti_header((24,))), r"has 1 \(24\)"),
    (
        "NIfTI vector",
        "a.nii",
        lambda p: write_nifti(p, nifti_header((2, 3, 2, 1, 2), intent_code=1007)),
        "one value per voxel, this one has 2",
    ),
    ("NIfTI colour", "a.nii", lambda p: write_nifti(p, nifti_header(datatype=128)), "this one has 3"),
    ("NIfTI complex", "a.nii", lambda p: write_nifti(p, nifti_header(datatype=32)), "complex numbers"),
    ("NIfTI 128 bits", "a.nii", lambda p: write_nifti(p, nifti_header(datatype=1536)), "NIfTI type 1536"),
    ("NIfTI size zero", "a.nii", lambda p: write_nifti(p, nifti_header((4, 0, 2))), r"no sense \(4, 0, 2\)"),
    ("NIfTI too many sizes", "a.nii", lambda p: write_nifti(p, nifti_header(dim=[8, *[1] * 7])), "make no sense"),
    ("NIfTI no sizes", "a.nii", lambda p: write_nifti(p, nifti_header(())), "sizes in its header make no sense"),
    ("NIfTI offset", "a.nii", lambda p: write_nifti(p, nifti_header(vox_offset=np.nan)), "offset of its voxels"),
    (
        "NIfTI header without voxels",
        "a.hdr",
        lambda p: write_nifti(p, nifti_header(magic=b"ni1")),
        "a.img: there is no such file",
    ),
    ("NIfTI voxels without header", "a.img", lambda p: p.write_bytes(VOXELS), "a.hdr: there is no such file"),
]


@pytest.mark.parametrize("name,make,sentence", [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_bad_file_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, make: Make, sentence: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(InputError, match=sentence) as caught:
        read_image(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert Path(name).stem.split(".")[0] in message
    assert not any(word in message for word in ("itk", "ITK", "Exception", "0x"))
    assert capfd.readouterr() == ("", "")


def test_file_without_permission_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_nrrd(tmp_path / "secret.nrrd")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"secret.nrrd: no permission to read this file"):
        read_image(path)


@pytest.mark.parametrize("source", [np.zeros((2, 2, 2)), 7, None])
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(InputError, match="for arrays there are Volume and Mask"):
        read_image(source)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image,sentence",
    [
        (sitk.Image([2, 2, 2, 2], sitk.sitkUInt8), "has 4"),
        (sitk.Image([2, 2, 2], sitk.sitkVectorUInt8, 3), "one value per voxel, this one has 3"),
        (sitk.Image([2, 2, 2], sitk.sitkComplexFloat32), "complex numbers"),
        (sitk.Image([2, 2, 2], sitk.sitkLabelUInt8), "label map"),
    ],
)
def test_bad_simpleitk_image_is_one_sentence(image: sitk.Image, sentence: str) -> None:
    with pytest.raises(InputError, match=f"image: .*{sentence}"):
        read_image(image)


@pytest.mark.parametrize("suffix", [".nii", ".hdr"])
def test_compressed_nifti_by_a_plain_name_says_how_to_rename_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_nifti(tmp_path / "b.nii.gz").replace(path)
    with pytest.raises(InputError, match=rf"a\{suffix}: this file is compressed, .* rename it to a\{suffix}\.gz$"):
        read_image(path)


@pytest.mark.parametrize("version", ["1", "2"])
def test_plain_nifti_by_a_compressed_name_says_how_to_rename_it(tmp_path: Path, version: str) -> None:
    path, header = tmp_path / "a.nii.gz", nifti_header(kind=getattr(nibabel, f"Nifti{version}Header"))
    write_nifti(tmp_path / "b.nii", header).replace(path)
    with pytest.raises(InputError, match=r"a\.nii\.gz: this file is not compressed, .* rename it to a\.nii$"):
        read_image(path)


@pytest.mark.parametrize("way", ["file", "folder"])
@pytest.mark.parametrize("suffix", [".nhdr", ".mhd"])
def test_a_link_does_not_lead_out_of_the_folder_either(tmp_path: Path, suffix: str, way: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "v.raw").write_bytes(VOXELS)
    (tmp_path / "case").mkdir()
    data = "v.raw" if way == "file" else "deeper/v.raw"
    (tmp_path / "case" / data.split("/")[0]).symlink_to(tmp_path / "secret" / ("v.raw" if way == "file" else ""))
    path = tmp_path / "case" / f"a{suffix}"
    if suffix == ".nhdr":
        write_nrrd(path, data=b"", data_file=data)
    else:
        write_metaimage(path, data=b"", ElementDataFile=data)
    with pytest.raises(InputError, match=f"a{suffix}: its header names a data file outside its own folder"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".nhdr", ".mhd"])
def test_links_within_the_folder_and_to_the_folder_are_followed(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "real.raw").write_bytes(VOXELS)
    (tmp_path / "case" / "v.raw").symlink_to("real.raw")
    (tmp_path / "way").symlink_to("case")
    path = tmp_path / "way" / f"a{suffix}"
    if suffix == ".nhdr":
        write_nrrd(path, data=b"", data_file="v.raw")
    else:
        write_metaimage(path, data=b"", ElementDataFile="v.raw")
    assert read_image(path).array.ravel().tolist() == list(range(24))


def test_colour_is_no_mask_either(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", nifti_header(datatype=128))
    with pytest.raises(InputError, match="one value per voxel, this one has 3"):
        read_mask(path)
