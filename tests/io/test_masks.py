"""Masks from files: grids, channels, the names that 3D Slicer gives."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from image_files import write_nrrd
from voxmill.errors import InputError
from voxmill.io import read_image, read_mask
from voxmill.volume import Volume

LABELS = np.array([[[0, 1], [2, 2]], [[0, 3], [3, 1]]], np.uint8)


def vector_mask() -> sitk.Image:
    """A mask of two channels."""
    return sitk.GetImageFromArray(np.stack([LABELS, 5 * (LABELS == 1).astype(np.uint8)], axis=-1), isVector=True)


def slicer_file(path: Path, array: np.ndarray, segments: list[dict[str, str]]) -> Path:
    """A .seg.nrrd file as 3D Slicer writes it; the last axis of a 4D array are its layers."""
    image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
    for number, segment in enumerate(segments):
        for key, value in segment.items():
            image.SetMetaData(f"Segment{number}_{key}", value)
    sitk.WriteImage(image, str(path))
    return path


def test_mask_on_the_grid_of_its_image() -> None:
    image = Volume(np.zeros((2, 2, 2)), spacing=(1, 1, 1))
    mask = read_mask(sitk.GetImageFromArray(LABELS), image)
    assert [segment.label for segment in mask.segments] == [1, 2, 3]
    assert mask.name == "mask"


def test_mask_on_another_grid_prints_both() -> None:
    image = Volume(np.zeros((2, 2, 2)), spacing=(1, 1, 2.5), name="ct")
    with pytest.raises(InputError) as caught:
        read_mask(sitk.GetImageFromArray(LABELS), image)
    message = str(caught.value)
    assert "mask: the mask does not lie on the grid of ct; " in message
    assert "mask: size 2 x 2 x 2, spacing (1, 1, 1) mm, origin (0, 0, 0) mm, direction (1, 0, 0)" in message
    assert "image: size 2 x 2 x 2, spacing (1, 1, 2.5) mm" in message
    assert "resample the mask onto the image's grid" in message


def test_flat_mask_for_an_image_of_one_slice_is_refused() -> None:
    image = Volume(np.zeros((1, 2, 2)), spacing=(1, 1, 1))
    with pytest.raises(InputError, match=r"the mask has 2 dimensions, image has 3; save both"):
        read_mask(sitk.GetImageFromArray(LABELS[0]), image)


def test_flat_mask_for_a_flat_image() -> None:
    image = read_image(sitk.GetImageFromArray(np.zeros((2, 2), np.float32)))
    assert read_mask(sitk.GetImageFromArray(LABELS[0]), image).grid.dimensions == 2


def test_how_far_a_grid_may_be_off_can_be_said() -> None:
    image = Volume(np.zeros((2, 2, 2)), spacing=(1, 1, 1), origin=(0.01, 0, 0))
    with pytest.raises(InputError, match="does not lie on the grid of image"):
        read_mask(sitk.GetImageFromArray(LABELS), image)
    assert read_mask(sitk.GetImageFromArray(LABELS), image, tolerance=0.02).layers[0].max() == 3


@pytest.mark.parametrize("channel,labels", [(None, [1, 2, 3]), (0, [1, 2, 3]), (1, [5])])
def test_vector_mask_is_read_by_channel(channel: int | None, labels: list[int]) -> None:
    mask = read_mask(vector_mask(), label_channel=channel)
    assert [segment.label for segment in mask.segments] == labels


@pytest.mark.parametrize("channel", [2, -1])
def test_channel_out_of_range_names_how_many_there_are(channel: int) -> None:
    with pytest.raises(InputError, match=rf"no channel {channel}; it has 2 \(label_channel 0 to 1\)"):
        read_mask(vector_mask(), label_channel=channel)


def test_channel_of_a_mask_that_has_one() -> None:
    mask = sitk.GetImageFromArray(LABELS)
    assert len(read_mask(mask, label_channel=0).segments) == 3
    with pytest.raises(InputError, match=r"no channel 1; it has 1 \(label_channel 0\)"):
        read_mask(mask, label_channel=1)


def test_slicer_names_in_one_layer(tmp_path: Path) -> None:
    path = slicer_file(
        tmp_path / "Segmentation.seg.nrrd",
        LABELS,
        [
            {"ID": "Segment_1", "Name": "Tumour: left, ä", "LabelValue": "2", "Layer": "0"},
            {"ID": "Segment_2", "Name": "Oedema", "LabelValue": "1", "Layer": "0"},
            {"ID": "Segment_3", "Name": "Not drawn", "LabelValue": "9", "Layer": "0"},
        ],
    )
    mask = read_mask(path)
    assert mask.name == "Segmentation"
    assert {segment.label: segment.name for segment in mask.segments} == {1: "Oedema", 2: "Tumour: left, ä", 3: None}


@pytest.mark.parametrize(
    "names,expected",
    [
        (("", "b", "c"), ["1", "b", "c"]),
        (("1", "2", "c"), ["1", "2", "c"]),
        (("a", "a", "c"), ["a (1)", "a (2)", "c"]),
        (("2", "b", "c"), ["2 (1)", "b", "c"]),
    ],
)
def test_names_of_a_file_are_made_to_differ(tmp_path: Path, names: tuple[str, ...], expected: list[str]) -> None:
    segments = [{"Name": name, "LabelValue": str(label)} for label, name in enumerate(names, 1)]
    mask = read_mask(slicer_file(tmp_path / "a.seg.nrrd", LABELS, segments))
    assert [str(segment) for segment in mask.segments] == expected


def test_names_of_layers_are_made_to_differ(tmp_path: Path) -> None:
    segments = [{**one, "Name": "Organ"} for one in LAYERED[:2]]
    mask = read_mask(slicer_file(tmp_path / "a.seg.nrrd", layered_array(), segments))
    assert [str(segment) for segment in mask.segments] == ["Organ (1, layer 0)", "2", "Organ (1, layer 1)"]


def test_unnamed_labels_are_listed_once(tmp_path: Path) -> None:
    path = slicer_file(tmp_path / "a.seg.nrrd", LABELS, [{"Name": "1", "LabelValue": "1"}])
    with pytest.raises(InputError, match=r"labels present: 1, 2, 3$"):
        read_mask(path).select([9])


@pytest.mark.parametrize("kind", ["RGB-color", "3-color"])
def test_a_picture_in_colour_is_no_mask(tmp_path: Path, kind: str) -> None:
    path = write_nrrd(
        tmp_path / "a.nrrd",
        type="uchar",
        dimension="4",
        sizes="3 2 2 2",
        kinds=f"{kind} domain domain domain",
        space_directions="none (1,0,0) (0,1,0) (0,0,1)",
        data=bytes(range(24)),
    )
    with pytest.raises(InputError, match=r"a\.nrrd: .* one value per voxel, this one has 3 \(colour"):
        read_mask(path)


LAYERED = [
    {"ID": "Segment_1", "Name": "Liver", "LabelValue": "1", "Layer": "0"},
    {"ID": "Segment_2", "Name": "Tumour", "LabelValue": "1", "Layer": "1"},
    {"ID": "Segment_3", "Name": "Vessel", "LabelValue": "2", "Layer": "0"},
]


def layered_array() -> np.ndarray:
    """Two layers, the second inside the first."""
    layers = np.zeros((3, 4, 5, 2), np.uint8)
    layers[:, :, :3, 0], layers[:, :, 3, 0] = 1, 2
    layers[1, 1, 1, 1] = 1
    return layers


def test_slicer_layers_are_all_read(tmp_path: Path) -> None:
    mask = read_mask(slicer_file(tmp_path / "a.seg.nrrd", layered_array(), LAYERED))
    assert [(s.name, s.layer, s.label, s.voxels) for s in mask.segments] == [
        ("Liver", 0, 1, 36),
        ("Vessel", 0, 2, 12),
        ("Tumour", 1, 1, 1),
    ]


def test_slicer_layer_by_label_channel(tmp_path: Path) -> None:
    path = slicer_file(tmp_path / "a.seg.nrrd", layered_array(), LAYERED)
    assert [(s.name, s.layer) for s in read_mask(path, label_channel=1).segments] == [("Tumour", 0)]


def test_slicer_layers_as_slicer_lays_them_out(tmp_path: Path) -> None:
    path = write_nrrd(
        tmp_path / "a.seg.nrrd",
        type="uchar",
        dimension="4",
        sizes="2 5 4 3",
        kinds="list domain domain domain",
        space_directions="none (1,0,0) (0,1,0) (0,0,1)",
        data=layered_array().tobytes(),
    )
    raw = path.read_bytes().replace(
        b"encoding: raw\n",
        b"encoding: raw\nSegment0_Name:=Liver\nSegment1_Name:=Tumour\nSegment1_Extent:=1 1 1 1 1 1\n",
    )
    path.write_bytes(raw)
    assert [(s.name, s.layer, s.label) for s in read_mask(path).segments] == [
        ("Liver", 0, 1),
        (None, 0, 2),
        ("Tumour", 1, 1),
    ]


def test_slicer_label_that_is_no_number(tmp_path: Path) -> None:
    path = slicer_file(tmp_path / "a.seg.nrrd", LABELS, [{"Name": "x", "LabelValue": "two"}])
    with pytest.raises(InputError, match=r"a: Segment0_LabelValue in its header is not a whole number \(two\)"):
        read_mask(path)


def test_empty_mask_is_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.Image([3, 3, 3], sitk.sitkUInt8), str(tmp_path / "nothing.nii.gz"))
    with pytest.raises(InputError, match="nothing: nothing is segmented"):
        read_mask(tmp_path / "nothing.nii.gz")


def test_float_mask_of_whole_numbers(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(LABELS.astype(np.float64)), str(tmp_path / "a.nii.gz"))
    assert len(read_mask(tmp_path / "a.nii.gz").segments) == 3


def test_metadata_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd")
    fields = b"encoding: raw\nSegment0_Name:=L\xe9sion\nSegment0_LabelValue:=3\nPati\xe9nt:=Jos\xe9\nSegment\xe9:=1\n"
    path.write_bytes(path.read_bytes().replace(b"encoding: raw\n", fields))
    assert read_mask(path).select([3])[0].name == "L\N{REPLACEMENT CHARACTER}sion"
