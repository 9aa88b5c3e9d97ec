"""Values of a header by DICOM's keywords: checked, and named as DICOM names them where they cannot be used."""

import math
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from voxmill.errors import InputError, brief
from voxmill.quiet import quiet

CHANGING = (b"\x1b", b"\\", b"~")
"""Of ASCII, what is not the same in all character sets: escapes, and what Japanese replaces (PS3.3 C.12.1.1.2)."""


def named(keyword: str) -> str:
    """An attribute as DICOM writes it: ImagePositionPatient (0020,0032)."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword of DICOM")
    return f"{keyword} ({tag >> 16:04x},{tag & 0xFFFF:04x})"


def value(dataset: Dataset, keyword: str) -> object:
    """What a header holds under a keyword; None where it is missing, empty or cannot be parsed."""
    try:
        with quiet():
            found = dataset.get(keyword)
    except Exception:  # pydicom parses a value when it is first asked for, and a damaged one raises anything
        return None
    return None if found == "" or (isinstance(found, MultiValue) and not found) else found


def text(dataset: Dataset, keyword: str) -> str:
    """A value as text, without the padding; empty where it is missing, the parts of several joined by backslashes.

    What cannot be printed is a question mark: only damaged files have it, and messages are one line.
    """
    plain = _unparsed(dataset, keyword, ("UI", "CS", "LO", "SH"))
    found = (plain and _texts(plain)) or value(dataset, keyword)
    if found is None:
        return ""
    parts = found if isinstance(found, MultiValue | list) else [found]
    joined = "\\".join(str(part) for part in parts).strip(" \0")
    return joined if joined.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in joined)


def _parts(dataset: Dataset, keyword: str) -> list[Any]:
    """The parts of a value, numbers or texts that stand for them."""
    plain = _unparsed(dataset, keyword, ("DS", "IS", "US"))
    if plain is not None and plain.VR != "US":
        return _ascii(plain).split("\\")
    if plain is not None and plain.length == 2:
        return [int.from_bytes(plain.value or b"", "little" if plain.is_little_endian else "big")]
    found = value(dataset, keyword)
    return list(found) if isinstance(found, MultiValue) else [found]


def _unparsed(dataset: Dataset, keyword: str, kinds: tuple[str, ...]) -> RawDataElement | None:
    """A value of these kinds that pydicom has not parsed yet: it takes ten times as long; a series has thousands."""
    try:
        found: object = dataset.get_item(_tag(keyword))
    except (KeyError, ValueError):
        return None
    if not isinstance(found, RawDataElement) or not found.value:
        return None
    told = found if found.VR else found._replace(VR=_kind(keyword))
    return told if told.VR in kinds else None


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@cache
def _kind(keyword: str) -> str:
    """The value representation of an attribute, which implicit VR does not tell."""
    return dictionary_VR(keyword)


def _ascii(raw: RawDataElement) -> str:
    return (raw.value or b"").decode("ascii", errors="replace").strip(" \0")


def _texts(raw: RawDataElement) -> list[str] | None:
    """The parts of a text as pydicom parses them, damaged ones too; None for one that its character set may change."""
    written = raw.value or b""
    if raw.VR in ("LO", "SH") and (not written.isascii() or any(sign in written for sign in CHANGING)):
        return None
    parts = written.decode("latin-1").rstrip("\0 ").split("\\")
    return [part.strip() for part in parts] if raw.VR == "UI" else parts


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is missing or no sequence."""
    found = value(dataset, keyword)
    return list(found) if isinstance(found, Sequence) else []


def optional_numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """So many finite numbers; None where there are none, or others."""
    parts = _parts(dataset, keyword)
    try:
        numbers = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def optional_number(dataset: Dataset, keyword: str) -> float | None:
    """One finite number; None where there is none."""
    found = optional_numbers(dataset, keyword, 1)
    return None if found is None else found[0]


def numbers(dataset: Dataset, keyword: str, count: int, *, label: str) -> tuple[float, ...]:
    """So many finite numbers; InputError that names the file and the attribute where a header has none."""
    found = optional_numbers(dataset, keyword, count)
    if found is None:
        raise InputError.about(label, *_fault(dataset, keyword, count), "; export the series again from its source")
    return found


def number(dataset: Dataset, keyword: str, *, label: str) -> float:
    """One finite number; InputError that names the file and the attribute where a header has none."""
    return numbers(dataset, keyword, 1, label=label)[0]


def size(dataset: Dataset, keyword: str, *, label: str) -> int:
    """A whole number above 0; InputError that names the file and the attribute for all else."""
    found = number(dataset, keyword, label=label)
    if found < 1 or found != int(found):
        raise InputError.about(
            label, f"{named(keyword)} is {found:g}, and must be a whole number above 0; export it again"
        )
    return int(found)


def _fault(dataset: Dataset, keyword: str, count: int) -> tuple[str, str]:
    """What is wrong with numbers, in words of ours, and what is there instead."""
    if value(dataset, keyword) is None:
        return f"{named(keyword)} is missing", ""
    wanted = "a number" if count == 1 else f"{count} numbers"
    return f"{named(keyword)} must be {wanted}", f"; found {brief(text(dataset, keyword))}"
