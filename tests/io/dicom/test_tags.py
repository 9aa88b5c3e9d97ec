"""Values of a header are the same whether pydicom has parsed them before or not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from voxmill.io.dicom.tags import text, value

KINDS = {"StudyInstanceUID": "UI", "PatientID": "LO", "AccessionNumber": "SH", "Modality": "CS", "ImageType": "CS"}
SIGNS = [b"1", b".", b" ", b"\0", b"\n", b"\xa0", b"\xe9", b"\\", b"x", b"~", b"\x1b", b"\xc3", b"\t"]
CHARSETS = [b"", b"ISO_IR 100", b"ISO_IR 192", b"ISO_IR 13", b"\\ISO 2022 IR 87", b"GB18030"]


def header_of(keyword: str, written: bytes, charset: bytes, *, implicit: bool) -> Dataset:
    elements: dict[BaseTag, DataElement | RawDataElement] = {}
    for name, kind, content in (("SpecificCharacterSet", "CS", charset), (keyword, KINDS[keyword], written)):
        tag, told = Tag(name), None if implicit else kind
        elements[tag] = RawDataElement(
            tag, told, len(content), content, 0, is_implicit_VR=implicit, is_little_endian=True
        )
    header = Dataset(elements)
    encodings = convert_encodings(charset.decode().split("\\"))
    header.set_original_encoding(is_implicit_vr=implicit, is_little_endian=True, character_encoding=encodings)
    return header


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@given(
    keyword=st.sampled_from(sorted(KINDS)),
    written=st.lists(st.sampled_from(SIGNS), max_size=8).map(b"".join),
    charset=st.sampled_from(CHARSETS),
)
@example(keyword="StudyInstanceUID", written=b"1.2\n", charset=b"")
@example(keyword="StudyInstanceUID", written=b"1.2 \\ 1.3\0", charset=b"")
@example(keyword="StudyInstanceUID", written=b"1.\xe9", charset=b"")
@example(keyword="PatientID", written=b"x~1", charset=b"ISO_IR 13")
@example(keyword="PatientID", written=b"x\\1", charset=b"ISO_IR 13")
@example(keyword="PatientID", written=b"x\x1b$B11\x1b(B", charset=b"\\ISO 2022 IR 87")
@example(keyword="ImageType", written=b"x \\ 1 ", charset=b"ISO_IR 192")
def test_a_text_is_the_same_parsed_or_not(keyword: str, written: bytes, charset: bytes, *, implicit: bool) -> None:
    header = header_of(keyword, written, charset, implicit=implicit)
    before = text(header, keyword)
    value(header, keyword)
    assert text(header, keyword) == before
