"""Damaged masks are read or refused in one sentence, and nothing else."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

import voxmill as vm
from dicom_masks import (
    Drawn,
    Series,
    outline,
    pixel_outlines,
    rewritten,
    segments,
    write_scan,
    write_segmentation,
    write_structure_set,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[vm.Volume, list[Path]]:
    """An image, and a mask of every kind."""
    folder = tmp_path_factory.mktemp("masks")
    series = write_scan(folder / "scan")
    labels = (segments()[1] + 2 * segments()[2]).astype("uint8")
    regions = [Drawn(at, "a", pixel_outlines(series.grid, one)) for at, one in enumerate(segments(), 1)]
    return series.image, [
        write_segmentation(folder / "binary", series, segments()),
        write_segmentation(folder / "labels", series, labels, kind="LABELMAP", syntax=RLELossless),
        write_segmentation(folder / "fractions", series, segments() * 0.7, kind="FRACTIONAL", syntax=JPEG2000Lossless),
        write_structure_set(folder / "structures", series, regions),
    ]


@given(data=st.data())
def test_a_damaged_mask_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, files: tuple[vm.Volume, list[Path]], data: st.DataObject
) -> None:
    image, paths = files
    content = bytearray(data.draw(st.sampled_from(paths)).read_bytes())
    for at in data.draw(st.lists(st.integers(132, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    damaged = tmp_path_factory.mktemp("damaged") / "a.dcm"
    damaged.write_bytes(content[: data.draw(st.none() | st.integers(132, len(content)))])
    try:
        mask = vm.read_mask(damaged, data.draw(st.sampled_from([image, None])))
    except vm.InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert mask.segments


def test_a_decoder_that_panics_is_an_error_of_one_sentence(files: tuple[vm.Volume, list[Path]], tmp_path: Path) -> None:
    """Of a run-length stream with more voxels than there are, pylibjpeg-rle raises what is no Exception."""
    dataset = dcmread(files[1][1])
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    segment = bytes([129, 7]) * 10  # 128 bytes of 7, ten times
    header = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13)
    dataset.PixelData = encapsulate([header + segment + segment] * dataset.NumberOfFrames)
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(vm.InputError, match=r"^a\.dcm: its pixels are cut off or damaged; copy the file again$"):
        vm.read_mask(rewritten(tmp_path / "a.dcm", dataset, RLELossless))


def test_text_in_a_header_stays_on_one_line(tmp_path: Path) -> None:
    series: Series = write_scan(tmp_path / "scan")
    region = Drawn(1, "a\nb", [outline(series.grid, 2, [(3, 4), (3, 9), (9, 9)])])
    mask = vm.read_mask(write_structure_set(tmp_path / "rs", series, [region]), series.image)
    assert [one.name for one in mask.segments] == ["a?b"]
