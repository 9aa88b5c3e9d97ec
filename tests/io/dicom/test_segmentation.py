"""Segmentations read equal the masks that they were made from, however they are stored."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pack_bits
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
from dicom_files import AXIAL, CORONAL, SAGITTAL, Axes
from dicom_masks import OBLIQUE, Series, rewritten, segments, write_scan, write_segmentation
from outside_tools import errors_in
from voxmill.io.dicom.headers import DEFLATED_FRAMES
from voxmill.io.dicom.masks import read_dicom_mask
from voxmill.segments import DEFAULT_THRESHOLD, Undrawn

NAMES = ("organ", "lesion", "other")


def drawn(mask: vm.Mask) -> dict[str, NDArray[np.bool_]]:
    """The voxels of every segment, by its name."""
    return {str(one): mask.layers[one.layer] == one.label for one in mask.segments}


def assert_drawn(mask: vm.Mask, expected: NDArray[np.bool_], names: tuple[str, ...] = NAMES) -> None:
    """All segments are those expected."""
    found = drawn(mask)
    assert set(found) == set(names)
    for name, inside in zip(names, expected, strict=True):
        np.testing.assert_array_equal(found[name], inside, err_msg=name)


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """An axial series."""
    return write_scan(tmp_path / "scan")


@pytest.fixture
def seg(tmp_path: Path, series: Series) -> Path:
    """A binary segmentation of it, three segments of which two overlap."""
    return write_segmentation(tmp_path / "seg.dcm", series, segments())


@pytest.mark.parametrize("axes", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
def test_overlapping_segments_with_holes(tmp_path: Path, axes: Axes) -> None:
    series = write_scan(tmp_path / "scan", axes=axes)
    mask = vm.read_mask(write_segmentation(tmp_path / "seg.dcm", series, segments()), series.image)
    assert_drawn(mask, segments())
    assert [(one.name, one.label, one.layer) for one in mask.segments] == [
        ("organ", 1, 0),
        ("other", 3, 0),
        ("lesion", 2, 1),
    ]
    assert (mask.grid, mask.name, mask.notes) == (series.grid, "seg", ())


def test_names_without_suffix_and_folders(tmp_path: Path, series: Series) -> None:
    (tmp_path / "masks").mkdir()
    path = write_segmentation(tmp_path / "masks" / "1.2.3", series, segments())
    assert vm.read_mask(path, series.image).name == "1.2.3"
    assert_drawn(vm.read_mask(tmp_path / "masks", series.image), segments())
    write_segmentation(tmp_path / "masks" / "other", series, segments())
    with pytest.raises(vm.InputError, match=r"masks: 2 DICOM masks are in this folder \(1.2.3, other\); give one file"):
        vm.read_mask(tmp_path / "masks", series.image)
    with pytest.raises(vm.InputError, match="scan: no DICOM masks are in this folder; give one file"):
        vm.read_mask(tmp_path / "scan", series.image)


@pytest.mark.parametrize("axes", [AXIAL, OBLIQUE])
def test_its_own_grid_where_no_image_is_given(tmp_path: Path, axes: Axes) -> None:
    """From the first plane that was stored to the last, the empty ones between them included."""
    series = write_scan(tmp_path / "scan", (9, 33, 34), axes)
    pixels = np.zeros((1, 9, 33, 34), dtype=np.bool_)
    pixels[0, [2, 3, 7], 4:9, 5:11] = True
    mask = vm.read_mask(write_segmentation(tmp_path / "seg.dcm", series, pixels, names=("a",)))
    assert mask.grid.matches(series.grid.crop(vm.Window((2, 0, 0), (8, 33, 34))), tolerance=1e-9)
    assert_drawn(mask, pixels[:, 2:8], ("a",))


def test_planes_that_all_leave_gaps(tmp_path: Path) -> None:
    """Every second plane: the header says that the step is half of what lies between them."""
    series = write_scan(tmp_path / "scan", (9, 33, 34), attributes={"SpacingBetweenSlices": 3})
    pixels = np.zeros((1, 9, 33, 34), dtype=np.bool_)
    pixels[0, [2, 4, 6], 4:9, 5:11] = True
    mask = vm.read_mask(write_segmentation(tmp_path / "seg.dcm", series, pixels, names=("a",)))
    assert mask.grid.shape == (5, 33, 34)
    assert mask.grid.spacing[2] == pytest.approx(3)
    assert_drawn(mask, pixels[:, 2:7], ("a",))


@pytest.mark.parametrize("kind, of", [("BINARY", "organ"), ("LABELMAP", "the label map")])
def test_a_plane_that_is_missing_between_others_is_told(tmp_path: Path, series: Series, kind: str, of: str) -> None:
    """As for a slice of the image that is missing, and made up where gaps are allowed."""
    pixels = np.zeros((5, 33, 34), dtype=np.uint8)
    pixels[[0, 1, 4], 4:9, 5:11] = 1
    given = pixels if kind == "LABELMAP" else pixels[None].astype(bool)
    mask = vm.read_mask(
        write_segmentation(tmp_path / "seg.dcm", series, given, kind=kind, names=("organ",)), series.image
    )
    assert mask.notes == (f"slices between planes that have none were left empty: 2 of {of}",)
    assert_drawn(mask, pixels[None].astype(bool), ("organ",))


def test_empty_frames_that_are_stored(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, segments(), omit_empty=False)
    mask = vm.read_mask(path)
    assert mask.grid.matches(series.grid, tolerance=1e-9)
    assert_drawn(mask, segments())


def test_planes_that_jitter(tmp_path: Path) -> None:
    """Steps of PET tables, 0.08 mm off; highdicom cannot read what lies on them as a volume."""
    steps = [0.0, 3.08, 5.95, 9.07, 12.0]
    series = write_scan(tmp_path / "scan", steps=steps)
    path = write_segmentation(tmp_path / "seg.dcm", series, segments(), omit_empty=False)
    with pytest.raises(RuntimeError, match="regularly-spaced"):
        hd.seg.segread(path).get_volume()
    mask = vm.read_mask(path, series.image)
    assert mask.grid == series.grid
    assert_drawn(mask, segments())
    assert_drawn(vm.read_mask(path), segments())


def test_a_tilted_gantry(tmp_path: Path) -> None:
    """Slices that shift down by 0.8 mm each: the grid is sheared, that of the image and its own alike."""
    series = write_scan(tmp_path / "scan", aside=0.8)
    assert series.grid.shear > 0.2
    path = write_segmentation(tmp_path / "seg.dcm", series, segments(), omit_empty=False)
    assert_drawn(vm.read_mask(path, series.image), segments())
    own = vm.read_mask(path)
    assert own.grid.matches(series.grid, tolerance=1e-6)
    assert_drawn(own, segments())


def test_planes_that_are_shifted_sideways(tmp_path: Path, seg: Path) -> None:
    dataset = dcmread(seg)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        (own,) = frame.PlanePositionSequence
        x, y, z = own.ImagePositionPatient
        own.ImagePositionPatient = [x, y + (2 if z == 36 else 0), z]
    with pytest.raises(vm.InputError, match=r"a: its planes are shifted sideways by up to 2.00 mm"):
        vm.read_mask(rewritten(tmp_path / "a.dcm", dataset))


def above(grid: vm.Grid, way: float) -> tuple[float, float, float]:
    """An origin so many mm above that of an axial grid."""
    x, y, z = grid.origin
    return x, y, z + way


def test_planes_too_far_off_keep_their_own_grid(tmp_path: Path, series: Series, seg: Path) -> None:
    far = vm.Volume(series.image.array, spacing=series.grid.spacing, origin=above(series.grid, 0.4))
    with pytest.raises(vm.InputError, match="the mask does not lie on the grid of image"):
        vm.read_mask(seg, far)
    near = vm.Volume(series.image.array, spacing=series.grid.spacing, origin=above(series.grid, 0.29))
    assert vm.read_mask(seg, near).grid == near.grid
    x, y, z = series.grid.origin
    aside = vm.Volume(series.image.array, spacing=series.grid.spacing, origin=(x + 0.03, y, z))
    with pytest.raises(vm.InputError, match="does not lie on the grid"):
        vm.read_mask(seg, aside)


def test_a_window_of_the_image(tmp_path: Path) -> None:
    """A mask of part of an image only, as some write it, is placed on the whole of it."""
    series = write_scan(tmp_path / "scan")
    window = vm.Window((0, 4, 6), (5, 33, 34))
    path = write_segmentation(tmp_path / "seg.dcm", series, segments())
    larger = np.zeros((5, 40, 50))
    origin = series.grid.points((0, -window.start[1], -window.start[2])).tolist()
    image = vm.Volume(larger, spacing=series.grid.spacing, origin=origin)
    mask = vm.read_mask(path, image)
    assert_drawn(mask, np.pad(segments(), ((0, 0), (0, 0), (4, 3), (6, 10))))


def label_map() -> NDArray[np.uint8]:
    """Three segments that do not overlap."""
    labels = np.zeros((5, 33, 34), dtype=np.uint8)
    for number, inside in enumerate(segments(), 1):
        labels[inside & (labels == 0)] = number
    return labels


def test_compressed_frames_whose_encoding_is_not_told_are_refused(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, label_map(), kind="LABELMAP", syntax=RLELossless)
    dataset = dcmread(path)
    del dataset.file_meta.TransferSyntaxUID
    dataset.save_as(path, implicit_vr=False, little_endian=True)
    with pytest.raises(
        vm.InputError, match=r"^seg.dcm: its pixels are compressed, and TransferSyntaxUID \(0002,0010\)"
    ):
        vm.read_mask(path, series.image)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_label_maps(tmp_path: Path, series: Series, syntax: UID) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, label_map(), kind="LABELMAP", syntax=syntax)
    mask = vm.read_mask(path, series.image)
    assert len(mask.layers) == 1
    assert_drawn(mask, np.stack([label_map() == number for number in (1, 2, 3)]))


def test_the_padding_of_a_label_map_is_outside(tmp_path: Path, series: Series) -> None:
    dataset = dcmread(write_segmentation(tmp_path / "seg.dcm", series, label_map(), kind="LABELMAP"))
    dataset.PixelPaddingValue = 3
    mask = vm.read_mask(rewritten(tmp_path / "padded.dcm", dataset), series.image)
    assert [one.name for one in mask.segments] == ["organ", "lesion"]


def shares() -> NDArray[np.float64]:
    """How much of every voxel is inside, from 0 to 1 in steps of 1/255."""
    return np.random.default_rng(3).integers(0, 256, (1, 5, 33, 34)) / 255


@pytest.mark.parametrize("threshold,least", [(None, 0.5), (0.5, 0.5), (0.2, 0.2), (1.0, 1.0)])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_fractions(tmp_path: Path, series: Series, threshold: float | None, least: float, syntax: UID) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, shares(), kind="FRACTIONAL", names=("a",), syntax=syntax)
    mask = vm.read_mask(path, series.image, threshold=threshold)
    assert_drawn(mask, np.round(shares() * 255) >= least * 255, ("a",))
    assert mask.notes == (f"of a fractional segmentation, voxels of at least {least:g} of its maximum are inside",)


def test_the_threshold_is_a_setting(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, shares(), kind="FRACTIONAL", names=("a",))
    settings = vm.Settings.parse({"fractional_threshold": 0.2, "features": ["shape"]})
    (row,) = vm.extract(series.image, path, settings=settings).rows
    assert row.diagnostics["voxels"] == (np.round(shares() * 255) >= 0.2 * 255).sum()
    assert "voxels of at least 0.2 of its maximum are inside" in " ".join(row.notes)
    read = vm.read_mask(path, series.image)
    (row,) = vm.extract(series.image, read, settings=settings).rows
    assert row.diagnostics["voxels"] == (np.round(shares() * 255) >= 0.5 * 255).sum()
    assert "fractional_threshold has no effect: the mask was read before" in row.notes


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_that_is_none(seg: Path, threshold: float) -> None:
    with pytest.raises(vm.SettingsError, match="threshold: it is a share of the maximum, above 0 and up to 1; found"):
        vm.read_mask(seg, threshold=threshold)


def test_a_threshold_is_for_dicom(tmp_path: Path, series: Series) -> None:
    vm.write_mask(vm.Mask(label_map(), series.grid), tmp_path / "a.nrrd")
    with pytest.raises(vm.SettingsError, match="threshold is for fractional segmentations of DICOM"):
        vm.read_mask(tmp_path / "a.nrrd", threshold=0.5)


def frames_of(dataset: Dataset) -> list[NDArray[np.uint8]]:
    """The frames of a segmentation that is not compressed, one byte to a voxel."""
    return list(np.asarray(dataset.pixel_array, dtype=np.uint8).reshape(-1, dataset.Rows, dataset.Columns))


def rolled(data: bytes) -> bytes:
    """RLE of one segment, with runs, bytes as they are and bytes that mean nothing."""
    content = bytearray([128])
    at = 0
    while at < len(data):
        run = len(data[at : at + 128]) - len(data[at : at + 128].lstrip(data[at : at + 1]))
        if run > 1:
            content += bytes([257 - run, data[at]])
        else:
            run = min(3, len(data) - at)
            content += bytes([run - 1]) + data[at : at + run]
        at += run
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes(content)


def deflated(data: bytes) -> bytes:
    """A raw deflate stream."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def packed(plane: NDArray[np.uint8]) -> bytes:
    """Eight voxels to a byte, the first in the lowest bit."""
    return np.packbits(plane, bitorder="little").tobytes()


@pytest.mark.parametrize(
    "syntax,encode",
    [
        (RLELossless, lambda plane: rolled(packed(plane))),
        (RLELossless, lambda plane: rolled(plane.tobytes())),
        (DEFLATED_FRAMES, lambda plane: deflated(packed(plane))),
    ],
    ids=["RLE of packed bits", "RLE of bytes", "deflated"],
)
def test_single_bits_compressed(
    tmp_path: Path, series: Series, seg: Path, syntax: UID, encode: Callable[[NDArray[np.uint8]], bytes]
) -> None:
    dataset = dcmread(seg)
    dataset.PixelData = encapsulate([encode(plane) for plane in frames_of(dataset)])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    assert_drawn(vm.read_mask(rewritten(tmp_path / "packed.dcm", dataset, syntax), series.image), segments())


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_of_the_file(tmp_path: Path, series: Series, seg: Path, syntax: UID) -> None:
    assert_drawn(vm.read_mask(rewritten(tmp_path / "a.dcm", dcmread(seg), syntax), series.image), segments())


@pytest.mark.parametrize("representation", ["OB", "OW"])
def test_big_endian(tmp_path: Path, series: Series, seg: Path, representation: str) -> None:
    """Words (OW) have their bytes swapped, bytes (OB) have not; highdicom takes neither."""
    dataset = dcmread(seg)
    data = pack_bits(np.stack(frames_of(dataset)), pad=True)
    dataset.PixelData = np.frombuffer(data, "<u2").byteswap().tobytes() if representation == "OW" else data
    dataset["PixelData"].VR = representation
    path = rewritten(tmp_path / "big.dcm", dataset, ExplicitVRBigEndian)
    with pytest.raises(ValueError, match="little endian"):
        hd.seg.segread(path)
    assert_drawn(vm.read_mask(path, series.image), segments())


@pytest.mark.parametrize("keyword", ["FrameOfReferenceUID", "SegmentationType", "DimensionIndexSequence"])
def test_what_may_be_missing(tmp_path: Path, series: Series, seg: Path, keyword: str) -> None:
    dataset = dcmread(seg)
    del dataset[keyword]
    assert_drawn(vm.read_mask(rewritten(tmp_path / "a.dcm", dataset), series.image), segments())


def test_segments_that_are_not_described(tmp_path: Path, series: Series, seg: Path) -> None:
    dataset = dcmread(seg)
    del dataset.SegmentSequence[1]
    del dataset.SegmentSequence[0].SegmentLabel
    mask = vm.read_mask(rewritten(tmp_path / "a.dcm", dataset), series.image)
    assert_drawn(mask, segments(), ("1", "2", "other"))


def test_names_alike(tmp_path: Path, series: Series) -> None:
    mask = vm.read_mask(write_segmentation(tmp_path / "a.dcm", series, segments(), names=("GTV", "GTV", "ä")))
    assert sorted(map(str, mask.segments)) == ["GTV (1)", "GTV (2)", "ä"]


def test_segments_without_a_voxel(tmp_path: Path, series: Series) -> None:
    pixels = segments()
    pixels[1] = False
    mask = vm.read_mask(write_segmentation(tmp_path / "a.dcm", series, pixels), series.image)
    assert [one.name for one in mask.segments] == ["organ", "other"]
    assert mask.notes == ("segments without a voxel were left out: lesion",)
    assert mask.undrawn == (Undrawn(2, "lesion"),)


def test_nothing_is_segmented(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "a.dcm", series, np.zeros_like(segments()), omit_empty=False)
    with pytest.raises(vm.InputError, match="a: nothing is segmented: every voxel is 0"):
        vm.read_mask(path, series.image)


def test_a_layer_by_label_channel(series: Series, seg: Path) -> None:
    assert [one.name for one in vm.read_mask(seg, series.image, label_channel=1).segments] == ["lesion"]
    with pytest.raises(vm.InputError, match="there is no layer 2 in the mask"):
        vm.read_mask(seg, series.image, label_channel=2)


def test_highdicom_reads_the_same(seg: Path) -> None:
    """Its slices go down where ours go up: voxels are compared by their place."""
    theirs = hd.seg.segread(seg).get_volume(combine_segments=False)
    ours = read_dicom_mask(seg, threshold=DEFAULT_THRESHOLD)
    ends = np.array([[0, 0, 0], np.array(theirs.array.shape[:3]) - 1])
    first, last = ours.grid.indices(theirs.map_indices_to_reference(ends)).round(9)
    assert first.tolist() == [ours.grid.shape[0] - 1, 0, 0]
    assert last.tolist() == [0, ours.grid.shape[1] - 1, ours.grid.shape[2] - 1]
    for one in ours.segments:
        inside = theirs.array[::-1, :, :, one.label - 1] == 1
        np.testing.assert_array_equal(ours.layers[one.layer] == one.label, inside)


def test_features_from_dicom_are_those_from_arrays(tmp_path: Path, series: Series, seg: Path) -> None:
    table = vm.extract(tmp_path / "scan", seg)
    values = series.image.array.astype(np.int16) - 1024
    by_hand = vm.extract(vm.Volume(values, series.grid), vm.read_mask(seg, series.image))
    assert [dict(row.features) for row in table.rows] == [dict(row.features) for row in by_hand.rows]


def test_extraction_places_it_on_the_image(series: Series, seg: Path) -> None:
    table = vm.extract(series.image, seg)
    assert [row.region for row in table.rows] == ["organ", "other", "lesion"]
    assert not any("grid" in note for row in table.rows for note in row.notes)


@pytest.mark.parametrize("kind,pixels", [("BINARY", segments()), ("FRACTIONAL", segments() * 0.7)])
def test_dciodvfy_finds_no_error(tmp_path: Path, series: Series, kind: str, pixels: NDArray[Any]) -> None:
    """It does not know label maps yet."""
    assert errors_in(write_segmentation(tmp_path / "a.dcm", series, pixels, kind=kind)) == []


def without_positions(dataset: Dataset) -> None:
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.PlanePositionSequence


def without_numbers(dataset: Dataset) -> None:
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.SegmentIdentificationSequence


def turned(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence[0].PlaneOrientationSequence = [Dataset()]
    item = dataset.PerFrameFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    item.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]


def twice(dataset: Dataset) -> None:
    frames = dataset.PerFrameFunctionalGroupsSequence
    frames[1].PlanePositionSequence = frames[0].PlanePositionSequence


def uneven(dataset: Dataset) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        own = frame.PlanePositionSequence[0]
        if own.ImagePositionPatient == position:
            own.ImagePositionPatient = [*position[:2], position[2] + 1.2]


def far_above(dataset: Dataset) -> None:
    own, *_ = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence
    own.ImagePositionPatient = [*own.ImagePositionPatient[:2], 42 + 3 * 300_000]
    dataset.Rows, dataset.Columns = 330, 340
    dataset.PixelData = bytes(330 * 340 * 12 // 8)


def far_away(dataset: Dataset) -> None:
    for frame in dataset.PerFrameFunctionalGroupsSequence[-1:]:
        frame.PlanePositionSequence[0].ImagePositionPatient = [-20.5, 10.25, 1e9]


FAULTS: list[tuple[Callable[[Dataset], object], str]] = [
    (without_positions, r"a.dcm, frame 1: ImagePositionPatient \(0020,0032\) is missing"),
    (without_numbers, r"a.dcm, frame 1: ReferencedSegmentNumber \(0062,000b\) is missing"),
    (turned, r"a.dcm: its frames differ in ImageOrientationPatient"),
    (twice, r"a.dcm, frame 1, and frame 2, of segment 1, lie in one place"),
    (uneven, r"a: its planes lie on no regular grid: by steps of"),
    (far_above, r"a: by its positions the mask has \d+ slices; correct them, or give the image"),
    (far_away, r"a.dcm, frame 11: it lies or reaches a kilometre away"),
    (lambda dataset: setattr(dataset, "SegmentationType", "OTHER"), r"a.dcm: SegmentationType .* found OTHER"),
    (lambda dataset: setattr(dataset, "NumberOfFrames", 3), "describes 1. frames, its pixels are 3"),
    (lambda dataset: setattr(dataset, "Rows", 60000), "a.dcm: its header promises .* bytes of voxels"),
    (lambda dataset: setattr(dataset, "PixelData", dataset.PixelData[:40]), "a.dcm: its header promises|cut off"),
    (lambda dataset: setattr(dataset, "BitsAllocated", 32), "a.dcm: a mask has one number of 1, 8 or 16 bits"),
    (lambda dataset: setattr(dataset, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.2"), "a.dcm: this is no mask but CT Im"),
]


@pytest.mark.parametrize("damage,said", FAULTS, ids=[said[:50] for _, said in FAULTS])
def test_bad_files_are_refused(tmp_path: Path, seg: Path, damage: Callable[[Dataset], object], said: str) -> None:
    dataset = dcmread(seg)
    damage(dataset)
    with pytest.raises(vm.InputError, match=said):
        vm.read_mask(rewritten(tmp_path / "a.dcm", dataset))


def test_a_fraction_of_an_unknown_maximum(tmp_path: Path, series: Series) -> None:
    dataset = dcmread(write_segmentation(tmp_path / "b.dcm", series, shares(), kind="FRACTIONAL", names=("a",)))
    del dataset.MaximumFractionalValue
    with pytest.raises(vm.InputError, match=r"a.dcm: MaximumFractionalValue \(0062,000e\) is missing"):
        vm.read_mask(rewritten(tmp_path / "a.dcm", dataset))


@pytest.mark.parametrize("length", [0, 100, 140, 2000, -400, -4])
def test_cut_off_files_are_refused(tmp_path: Path, seg: Path, length: int) -> None:
    (tmp_path / "a.dcm").write_bytes(seg.read_bytes()[:length] if length else b"")
    with pytest.raises(vm.InputError, match=r"^a\.dcm"):
        vm.read_mask(tmp_path / "a.dcm")
