"""Values of a header are the same whether pydicom has parsed them before or not."""

from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from voxmill.io.dicom.tags import text, value


@given(
    st.lists(st.sampled_from([b"1", b".", b" ", b"\0", b"\n", b"\xa0", b"\xe9", b"\\", b"x"]), max_size=8).map(b"".join)
)
@example(b"1.2\n")
@example(b"1.2 \\ 1.3\0")
@example(b"1.\xe9")
def test_a_uid_is_the_same_parsed_or_not(written: bytes) -> None:
    header = Dataset()
    tag = Tag(0x0020, 0x000D)
    header[tag] = RawDataElement(tag, "UI", len(written), written, 0, is_implicit_VR=False, is_little_endian=True)
    before = text(header, "StudyInstanceUID")
    value(header, "StudyInstanceUID")
    assert text(header, "StudyInstanceUID") == before
