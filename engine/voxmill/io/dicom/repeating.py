"""Identifiers of a header that stand in attributes that are none: in a code, or in the name of a model or a kernel.

Source: DICOM PS3.5 table 6.2-1 (CS).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from pydicom.dataset import Dataset

from voxmill.io.dicom.identifying import ANYWHERE, ONE_WORD, numbers, persons
from voxmill.io.dicom.identity import Identity
from voxmill.io.dicom.tags import text
from voxmill.quiet import quiet

CODE = re.compile(r"[A-Z0-9_ ]{0,16}")
"""A legal value of CS."""
DESCRIPTIONS = (
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ImageComments",
    "InstitutionalDepartmentName",
    "StationName",
)
SHORTEST_NAME = 3
"""Letters of a part of a name that is looked for."""


@dataclass(frozen=True, eq=False)
class Identifiers:
    """What identifies in a header, to be looked for in its other texts."""

    header: Dataset

    def are_in(self, value: str) -> bool:
        """Whether a text holds an identifier of this header, or any UID or date; capitals do not matter."""
        folded = value.casefold()
        return bool((self._terms and self._terms.search(folded)) or self._identity.is_in(value))

    @cached_property
    def _identity(self) -> Identity:
        with quiet():
            return Identity.of(self.header)

    @cached_property
    def _terms(self) -> re.Pattern[str] | None:
        with quiet():
            terms = sorted({term for term in self._found() if term}, key=len, reverse=True)
        return re.compile("|".join(terms)) if terms else None

    def _found(self) -> Iterator[str]:
        """Patterns of all that identifies."""
        for person in persons(self.header):
            parts = [part for part in re.split(r"[\W\d_]+", person.casefold()) if part]
            yield from (_name(part) for part in parts if len(part) >= SHORTEST_NAME)
            yield from (_name(one + other) for one, other in permutations(parts[:5], 2))
        yield from (_whole(number.casefold()) for number in numbers(self.header))
        for keyword in DESCRIPTIONS:
            described = text(self.header, keyword).casefold()
            if not re.fullmatch(rf"\w{{0,{ONE_WORD}}}", described):
                yield _whole(described)


def is_code(value: str) -> bool:
    """Whether a text is a legal code (CS); others are free text in disguise."""
    return CODE.fullmatch(value) is not None


def _name(part: str) -> str:
    """A part of a name, between what is no letter, or anywhere where it is long enough to be no other word."""
    return part if len(part) >= ANYWHERE else rf"(?<![^\W\d_]){part}(?![^\W\d_])"


def _whole(term: str) -> str:
    """A term that begins and ends where no letter or digit goes on."""
    return rf"(?<![^\W_]){re.escape(term)}(?![^\W_])" if term else ""
