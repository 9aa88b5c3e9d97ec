"""How large a compressed frame says it is, before a decoder believes it.

Source: ISO/IEC 15444-1 A.5.1 (the SIZ marker of JPEG 2000), ISO/IEC 10918-1 B.2.2 (the frame header of JPEG, which
JPEG-LS shares, ISO/IEC 14495-1 C.2.2).
"""

JPEG2000_START = b"\xff\x4f\xff\x51"
"""Start of codestream, then SIZ, which must follow; in a JP2 file they come after its boxes."""
JPEG_START = b"\xff\xd8"
FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
"""The markers that give sizes, SOF0 to SOF15 and that of JPEG-LS; three in between mean something else."""
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that have no length after them."""


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Rows and columns of a frame of JPEG, JPEG-LS or JPEG 2000; None where its data do not say."""
    if data.startswith(JPEG_START):
        return _jpeg_size(data)
    at = data.find(JPEG2000_START)
    if at < 0 or len(data) < at + 24:
        return None
    columns, rows, left, top = (int.from_bytes(data[at + one : at + one + 4]) for one in (8, 12, 16, 20))
    return rows - top, columns - left


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = len(JPEG_START)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAME_HEADERS:
            return int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
        if marker == 0xFF:
            at += 1
        elif marker in ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
