"""What an extraction would do: boxes, halos, facts and images in words, and regions that cannot be measured."""

import math

import numpy as np
import pytest

import voxmill as vm
from small_images import SPACING, texture, two_labels
from voxmill.grid import Index
from voxmill.operators.crop import Crop
from voxmill.operators.images import chains
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import Form
from voxmill.operators.resample import resampling
from voxmill.operators.scale import Scale
from voxmill.operators.wavelet import EvenWrap
from voxmill.operators.words import words
from voxmill.preview import PlannedBox, PlannedRegion, preview
from voxmill.steps import INTERPOLATORS, Resample

FILTERS = vm.Settings.parse(
    {"images": {"original": {}, "log": {"sigma_mm": [1.0, 2]}, "wavelet": {}, "square": {}, "gradient": {}}}
)
ALL = {
    "images": {name: {"sigma_mm": [1.0]} if name == "log" else {} for name in vm.image_types.IMAGE_TYPES},
}


def case() -> tuple[vm.Volume, vm.Mask]:
    image = vm.Volume(texture(), spacing=SPACING, name="a/ct 1")
    return image, vm.Mask(two_labels(), image.grid, names={1: "tumour"})


def planned(settings: vm.Settings) -> PlannedRegion:
    (region,) = preview(*case(), settings=settings, labels=[1])
    return region


def boxes_of(region: PlannedRegion, beginning: str) -> list[PlannedBox]:
    return [box for box in region.boxes if box.work.startswith(beginning)]


def test_what_the_filters_need_is_read_and_what_they_share_is_made_once() -> None:
    image, mask = case()
    region = planned(FILTERS)
    assert (region.name, region.shape, region.error) == ("tumour", mask.segments[0].box.shape, None)
    assert region.shape is not None
    assert len(boxes_of(region, "Laplacian of Gaussian, 1 mm")) == 1
    assert [len(boxes_of(region, f"coif1, {band} pass along x")) for band in ("low", "high")] == [1, 1]
    assert sum("pass along z" in box.work for box in region.boxes) == 8
    (read,) = boxes_of(region, "read")
    assert read.bytes == np.prod(read.shape) * image.dtype.itemsize
    assert all(size >= least for box in region.boxes for size, least in zip(box.shape, region.shape, strict=True))


def test_boxes_say_for_which_columns_they_are_made() -> None:
    region = planned(FILTERS)
    rows = vm.extract(*case(), settings=FILTERS, labels=[1]).rows
    images = list(dict.fromkeys(name.split("_")[0] for name in rows[0].features))
    (read,) = boxes_of(region, "read")
    assert list(read.images) == images
    (low,) = boxes_of(region, "coif1, low pass along x")
    assert set(low.images) == {f"wavelet-L{rest}" for rest in ("LL", "LH", "HL", "HH")}
    (square,) = boxes_of(region, "square")
    assert square.images == ("square",)


@pytest.mark.parametrize("beginning, halo", [("square", (0, 0, 0)), ("gradient", (2, 2, 2)), ("read", None)])
def test_halos(beginning: str, halo: Index | None) -> None:
    image = vm.Volume(np.arange(12**3, dtype=np.int16).reshape(12, 12, 12), spacing=(1, 1, 1))
    labels = np.zeros(image.array.shape, dtype=np.uint8)
    labels[4:8, 4:8, 4:8] = 1
    (region,) = preview(image, vm.Mask(labels, image.grid), settings=FILTERS)
    assert [box.halo for box in boxes_of(region, beginning)] == [halo]


def test_a_halo_goes_around_the_ends() -> None:
    settings = vm.Settings.parse({"images": {"wavelet": {"wavelet": "db2"}}})
    image = vm.Volume(np.arange(20**3, dtype=np.int16).reshape(20, 20, 20), spacing=(1, 1, 1))
    labels = np.zeros(image.array.shape, dtype=np.uint8)
    labels[4:8, 4:8, :3] = 1
    (region,) = preview(image, vm.Mask(labels, image.grid), settings=settings)
    halos = {box.work[-1]: box.halo for box in region.boxes if box.halo}
    assert halos == {"x": (0, 0, 3), "y": (0, 3, 0), "z": (3, 0, 0)}


def test_without_filters_the_box_is_read_in_the_type_of_the_file() -> None:
    (box,) = planned(vm.Settings()).boxes
    assert (box.work, box.images, box.spacing) == ("read", ("original",), SPACING)
    read, normalised = planned(vm.Settings.parse({"normalise": True})).boxes
    assert (read.bytes, normalised.bytes) == (box.bytes, math.prod(box.shape) * 8)


def test_facts_of_the_whole_image() -> None:
    image, _ = case()
    (extremes,) = planned(FILTERS).facts
    assert extremes.words == f"intensities from {image.array.min():g} to {image.array.max():g}"
    assert (extremes.after, extremes.images) == ("", ("square",))
    settings = vm.Settings.parse({"normalise": True, "images": ["original", "square", "exponential"]})
    moments, extremes = planned(settings).facts
    assert moments.words.startswith(f"mean {image.array.mean():.6g}, deviation ")
    assert moments.images == ("original", "square", "exponential")
    assert (extremes.after, extremes.images) == ("normalised by mean and deviation", ("square", "exponential"))


def test_notes_and_errors_are_no_boxes() -> None:
    failed = planned(vm.Settings(min_region_voxels=10_000))
    assert (failed.boxes, failed.facts) == ((), ())
    assert failed.error is not None
    assert "at least 10000 are needed" in failed.error
    region = planned(vm.Settings.parse({"images": {"log": {"sigma_mm": [50]}}, "notes": ["of mine"]}))
    first, second = region.notes
    assert first == "of mine"
    assert second.startswith("log: left out: LoG with a sigma of 50 mm needs at least")
    region = planned(vm.Settings.parse({"resegment": {"range": [0]}}))
    assert "before it is resegmented" in region.notes[0]


def test_every_operator_has_words() -> None:
    image, _ = case()
    form = Form(image.grid, image.dtype)
    operators = [
        one
        for kind in vm.Settings.parse(ALL).images.values()
        for chain in chains(kind, form, None).values()
        for one in chain
    ]
    for name in INTERPOLATORS:
        operators += resampling(Resample(spacing_mm=(2, 2, 2), interpolator=name), image.dtype, image.grid)
    operators += [Scale(2.0), Normalise(), Crop(vm.Window((0, 0, 0), (1, 2, 3))), EvenWrap(0)]
    for one in operators:
        assert "(" not in words(one) or words(one).startswith("resampled (")
    with pytest.raises(TypeError, match="str has no words yet"):
        words("x")  # type: ignore[arg-type]
