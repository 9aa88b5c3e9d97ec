"""The quick way to a header gives what pydicom's own does, and leaves to that what is unusual."""

from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

import voxmill as vm
from dicom_files import save, stored, write_series
from voxmill.io.dicom.headers import (
    BEGINNING,
    META,
    StopWhen,
    _after_numbers,
    _at_pixels,
    _of_any,
    _of_usual,
    read_header,
)
from voxmill.quiet import quiet

FILES = Path(pydicom.data.__file__).parent / "test_files"
USUAL = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless)


def both(path: Path, stop_when: StopWhen) -> list[tuple[Dataset, UID, int]]:
    """What the quick way gives, if anything, and what pydicom's own: dataset, transfer syntax, where it was left."""
    found = []
    with quiet(), path.open("rb") as file:
        start = file.read(BEGINNING)
        usual = _of_usual(file, start, stop_when)
        if usual is not None:
            found.append((*usual, file.tell()))
        found.append((*_of_any(file, stop_when), file.tell()))
    return found


def require_same(found: list[tuple[Dataset, UID, int]]) -> None:
    (quick, *quick_about), (plain, *plain_about) = found
    with quiet():
        assert quick == plain
    assert quick_about == plain_about
    # read_partial forgets that it found implicit VR where explicit was declared
    assert quick.original_encoding in (plain.original_encoding, (True, True))
    assert quick.original_character_set == plain.original_character_set


@pytest.mark.parametrize("stop_when", [_at_pixels, _after_numbers])
@pytest.mark.parametrize("syntax", USUAL, ids=lambda syntax: syntax.keyword)
def test_a_header_is_the_same_either_way(tmp_path: Path, syntax: UID, stop_when: StopWhen) -> None:
    item = Dataset()
    item.PatientID = "Grün-8"
    attributes = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "Grün", "OtherPatientIDsSequence": [item]}
    (path,) = write_series(tmp_path, stored(1), syntax=syntax, attributes=attributes)
    require_same(both(path, stop_when))


@pytest.mark.parametrize("path", sorted(FILES.glob("*.dcm")), ids=lambda path: path.name)
def test_headers_of_other_software_are_the_same_either_way(path: Path) -> None:
    try:
        found = both(path, _at_pixels)
    except Exception:  # pydicom raises anything on a damaged file
        return
    if len(found) == 2:
        require_same(found)


def test_most_headers_of_other_software_are_usual() -> None:
    sizes = []
    for path in sorted(FILES.glob("*.dcm")):
        try:
            sizes.append(len(both(path, _at_pixels)))
        except Exception:  # pydicom raises anything on a damaged file
            continue
    assert sizes.count(2) > 0.8 * len(sizes) > 50


def test_what_is_unusual_is_left_to_pydicom(tmp_path: Path) -> None:
    """No preamble, no meta information, a command set before the dataset, a deflated dataset, an unknown syntax."""
    (path,) = write_series(tmp_path, stored(1))
    written = path.read_bytes()
    start = 144 + int.from_bytes(written[140:144], "little")
    command = b"\0\0\0\0\x04\0\0\0\x0a\0\0\0" + b"\0\0\x10\x01\x02\0\0\0\x01\0"
    unusual = {
        "no_preamble": written[132:],
        "no_meta": written[:132] + written[start:],
        "command": written[:start] + command + written[start:],
    }
    for name, content in unusual.items():
        (tmp_path / name).write_bytes(content)
        assert len(both(tmp_path / name, _at_pixels)) == 1, name
        assert read_header(tmp_path / name).dataset.PatientID == "P1"
    (deflated,) = write_series(tmp_path / "deflated", stored(1), syntax=DeflatedExplicitVRLittleEndian)
    with deflated.open("rb") as file:
        assert _of_usual(file, file.read(BEGINNING), _at_pixels) is None
    header = read_header(path).dataset
    save(header, tmp_path / "unknown", ExplicitVRLittleEndian)
    content = (tmp_path / "unknown").read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    (tmp_path / "unknown").write_bytes(content)
    assert len(both(tmp_path / "unknown", _at_pixels)) == 1


@pytest.mark.parametrize("syntax", USUAL, ids=lambda syntax: syntax.keyword)
def test_without_preamble_a_file_may_begin_with_meta_information_up_to_its_transfer_syntax(
    tmp_path: Path, syntax: UID
) -> None:
    (path,) = write_series(tmp_path / "whole", stored(1), syntax=syntax)
    written, pixels = path.read_bytes(), vm.read_image(path).array
    for element in META:
        at = written.index(bytes((2, 0, element, 0)))
        folder = tmp_path / str(element)
        folder.mkdir()
        (folder / "slice").write_bytes(written[at:])
        assert np.array_equal(vm.read_image(folder).array, pixels), element
