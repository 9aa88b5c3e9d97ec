"""Which mask belongs to which image, by what it refers to; what cannot be known is said and never guessed."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_files import uid
from dicom_masks import Drawn, outline, segments, structure_set, write_scan, write_segmentation
from voxmill.io.dicom.matching import (
    Basis,
    ImageRecord,
    MaskRecord,
    References,
    image_record,
    mask_record,
    match,
    references,
)

CT = ImageRecord("ct", "1.1", "9.1", "P1", frozenset({"1.1.1", "1.1.2"}))
PET = ImageRecord("pet", "1.2", "9.1", "P1", frozenset({"1.2.1"}))
MR = ImageRecord("mr", "1.3", "9.3", "P1", frozenset({"1.3.1"}))
OTHERS = ImageRecord("others", "1.4", "9.1", "P2", frozenset({"1.4.1"}))
IMAGES = [CT, PET, MR, OTHERS]


def mask(
    *, series: tuple[str, ...] = (), instances: tuple[str, ...] = (), frames: tuple[str, ...] = (), patient: str = "P1"
) -> MaskRecord:
    """A mask that refers to these."""
    return MaskRecord("seg", References(frozenset(series), frozenset(instances), frozenset(frames)), patient)


@pytest.mark.parametrize(
    "drawn,images,basis",
    [
        (mask(series=("1.1",)), ["ct"], Basis.SERIES),
        (mask(series=("1.1",), frames=("9.1",), instances=("1.2.1",)), ["ct"], Basis.SERIES),
        (mask(series=("1.1", "1.3")), ["ct", "mr"], Basis.SERIES),
        (mask(instances=("1.2.1", "7.7")), ["pet"], Basis.INSTANCES),
        (mask(frames=("9.3",)), ["mr"], Basis.FRAME_OF_REFERENCE),
        (mask(frames=("9.1",), patient="P2"), ["others"], Basis.FRAME_OF_REFERENCE),
        (mask(series=("1.4",), patient=""), ["others"], Basis.SERIES),
    ],
)
def test_pairs(drawn: MaskRecord, images: list[str], basis: Basis) -> None:
    found = match([drawn], IMAGES)
    assert [(pair.image.name, pair.basis) for pair in found.pairs] == [(name, basis) for name in images]
    assert not found.unmatched


@pytest.mark.parametrize(
    "drawn,said",
    [
        (
            mask(series=("5.5",), frames=("9.1",), instances=("1.1.1",)),
            "the series that it refers to is not there; in its frame of reference there are: ct, pet; give that series",
        ),
        (mask(series=("5.5",)), "the series that it refers to is not there; give that series, or say which image is"),
        (mask(instances=("7.7",), frames=("9.3",)), "the slices that it refers to are not there; give their series"),
        (mask(frames=("9.1",)), "it refers to no series, and 2 images are in its frame of reference (ct, pet); say"),
        (mask(frames=("9.9",)), "no image is in its frame of reference; give the series that it was drawn on"),
        (mask(), "it refers to nothing, so its image is not known; say which is meant"),
        (mask(series=("1.4",)), "it refers to others, of another patient (PatientID); check where both are from"),
        (mask(series=("1.3",), frames=("9.1",)), "it refers to mr, but lies in another frame of reference (FrameOf"),
    ],
)
def test_what_cannot_be_paired(drawn: MaskRecord, said: str) -> None:
    found = match([drawn], IMAGES)
    assert not found.pairs
    (one,) = found.unmatched
    assert one.mask is drawn
    assert one.reason.startswith(f"seg: {said}")


def test_one_of_two_series_is_missing() -> None:
    found = match([mask(series=("1.1", "5.5"))], IMAGES)
    assert [pair.image for pair in found.pairs] == [CT]
    assert [one.reason for one in found.unmatched] == [
        "seg: 1 of the series that it refers to is not there; give it too"
    ]


def test_several_masks_of_one_image_in_their_order() -> None:
    first, second = replace(mask(series=("1.1",)), name="b"), replace(mask(instances=("1.1.2",)), name="a")
    assert [(pair.mask.name, pair.image.name) for pair in match([first, second], IMAGES).pairs] == [
        ("b", "ct"),
        ("a", "ct"),
    ]


def test_images_without_slices_are_matched_by_their_frame_of_reference() -> None:
    bare = [replace(image, instances=frozenset()) for image in IMAGES]
    found = match([mask(instances=("7.7",), frames=("9.3",))], bare)
    assert [pair.image.name for pair in found.pairs] == ["mr"]


def test_a_segmentation_as_highdicom_writes_it(tmp_path: Path) -> None:
    series = write_scan(tmp_path / "scan")
    header = dcmread(write_segmentation(tmp_path / "seg.dcm", series, segments()), stop_before_pixels=True)
    image = image_record(series.headers, name="scan")
    assert references(header) == References(frozenset({uid("series", "a")}), image.instances, frozenset({uid("frame")}))
    found = match([mask_record(header, name="seg")], [MR, image])
    assert [(pair.image, pair.basis) for pair in found.pairs] == [(image, Basis.SERIES)]


def test_a_segmentation_that_names_its_slices_alone(tmp_path: Path) -> None:
    series = write_scan(tmp_path / "scan")
    header = dcmread(write_segmentation(tmp_path / "seg.dcm", series, segments()), stop_before_pixels=True)
    del header.ReferencedSeriesSequence
    image = image_record(series.headers, name="scan")
    assert references(header).instances <= image.instances
    assert [pair.basis for pair in match([mask_record(header, name="seg")], [MR, image]).pairs] == [Basis.INSTANCES]


def structures(tmp_path: Path) -> tuple[Dataset, ImageRecord]:
    """A structure set, and the record of the series that it was drawn on."""
    series = write_scan(tmp_path / "scan")
    contour = outline(series.grid, 2, [(3, 4), (3, 9), (9, 9)])
    return structure_set(series, [Drawn(1, "a", [contour])]), image_record(series.headers, name="scan")


def test_a_structure_set(tmp_path: Path) -> None:
    header, image = structures(tmp_path)
    assert references(header) == References(frozenset({uid("series", "a")}), image.instances, frozenset({uid("frame")}))
    found = match([mask_record(header, name="rs")], [MR, image])
    assert [(pair.image, pair.basis) for pair in found.pairs] == [(image, Basis.SERIES)]


def test_a_structure_set_that_names_its_frame_of_reference_alone(tmp_path: Path) -> None:
    header, image = structures(tmp_path)
    del header.ReferencedFrameOfReferenceSequence
    del header.FrameOfReferenceUID
    found = match([mask_record(header, name="rs")], [MR, image])
    assert [(pair.image, pair.basis) for pair in found.pairs] == [(image, Basis.FRAME_OF_REFERENCE)]


def test_a_structure_set_of_another_patient(tmp_path: Path) -> None:
    header, image = structures(tmp_path)
    header.PatientID = "P2"
    found = match([mask_record(header, name="rs")], [image])
    assert not found.pairs
    assert "of another patient" in found.unmatched[0].reason
