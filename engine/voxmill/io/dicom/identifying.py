"""What identifies in a header: persons, numbers, places and dates, in it and in those of its sequences that have such.

Source: DICOM PS3.5 table 6.2-1 (UI, DA, DT, PN), PS3.15 table E.1-1.
"""

import re
from collections.abc import Iterator

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataset import Dataset

from voxmill.io.dicom.tags import items, text

UID = re.compile(r"\d+(\.\d+){3,}")
_DAY = r"(0[1-9]|[12]\d|3[01])"
_MONTH = r"(0[1-9]|1[0-2])"
_YEAR = r"(19|20)\d\d"
_NAMED = (
    "(jan(uary|uar)?|feb(ruary|ruar)?|mar(ch)?|märz?|maerz|mrz|apr(il)?|may|mai|june?|juni|july?|juli|aug(ust)?"
    "|sept?(ember)?|o[ck]t(ober)?|nov(ember)?|de[cz](ember)?)"
)
_BETWEEN = "[-/._, ]{0,2}"
DATE = re.compile(
    rf"(?<!\d)({_YEAR}{_MONTH}{_DAY}(\d{{2,6}})?|{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}|{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}"
    rf"|\d\d?{_BETWEEN}{_NAMED}{_BETWEEN}({_YEAR}|\d\d)|{_YEAR}{_BETWEEN}{_NAMED}{_BETWEEN}\d\d?)(?!\d)"
    rf"|(?<![^\W\d_]){_NAMED}{_BETWEEN}\d\d?[-/._, ]{{1,2}}{_YEAR}(?!\d)",
    re.IGNORECASE,
)
"""A date as DICOM writes it, alone or with a time, and as people do who write four digits of its year, or its month."""
NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "AdmissionID", "PatientTelephoneNumbers")
FURTHER_NUMBERS = (
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "DeviceSerialNumber",
    "FillerOrderNumberImagingServiceRequest",
    "InsurancePlanIdentification",
    "MedicalRecordLocator",
    "PerformedProcedureStepID",
    "PersonTelephoneNumbers",
    "PlacerOrderNumberImagingServiceRequest",
    "ReferringPhysicianTelephoneNumbers",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "ServiceEpisodeID",
)
"""Of devices and procedures: those that are no number, but what a code may say (THORAX), count for none."""
PLACES = (
    "InstitutionAddress",
    "InstitutionName",
    "IssuerOfPatientID",
    "PatientAddress",
    "PatientComments",
)
"""Texts that identify as a whole."""
SEQUENCES = (
    "AuthorObserverSequence",
    "OtherPatientIDsSequence",
    "ReferencedRequestSequence",
    "RequestAttributesSequence",
    "RTROIObservationsSequence",
)
"""Sequences whose items are looked at; those of frames and contours have thousands, and nothing such."""
SHORTEST = 4
"""Letters of a word, or letters and digits of a number, from which on it counts."""
ANYWHERE = 6
"""Letters (and digits) from which on it counts within a word, too: of Mary, PRIMARY says nothing."""
ONE_WORD = 8
"""Letters up to which one word is no description, but what a code may say as well: THORAX, B30f."""
LONGEST = 64
"""Letters of a name of a region (LO)."""
NO_NUMBER = re.compile(r"\d{0,3}")
"""What says something else as well: a count, a label."""


def persons(header: Dataset) -> Iterator[str]:
    """The names of all persons in a header, each in one way of writing it."""
    for part, keyword in _of_kind(header, "PN"):
        yield from filter(None, re.split(r"[\\=]", text(part, keyword)))


def dates(header: Dataset) -> Iterator[str]:
    """All dates in a header, as DICOM writes them."""
    for part, keyword in _of_kind(header, "DA"):
        yield from (one for one in text(part, keyword).split("\\") if re.fullmatch(f"{_YEAR}{_MONTH}{_DAY}", one))


def numbers(header: Dataset) -> Iterator[str]:
    """The numbers of a patient, of visits, devices and procedures."""
    yield from _texts(header, NUMBERS)
    yield from filter(_is_number, _texts(header, FURTHER_NUMBERS))


def places(header: Dataset) -> Iterator[str]:
    """Institutions, addresses and comments, of which a longer one is repeated by no name."""
    found = (one for one in _texts(header, PLACES) if len(one) <= LONGEST)
    return (one for one in found if not re.fullmatch(rf"\w{{0,{ONE_WORD}}}", one))


def streets(header: Dataset) -> Iterator[str]:
    """The longer words of the patient's address."""
    for address in _texts(header, ("PatientAddress",)):
        yield from (one for one in re.split(r"[\W\d_]+", address) if len(one) >= ANYWHERE)


def _is_number(written: str) -> bool:
    plain = re.sub(r"[\W_]", "", written)
    return len(plain) >= SHORTEST and re.search(r"\d", plain) is not None


def _texts(header: Dataset, keywords: tuple[str, ...]) -> Iterator[str]:
    for part in _parts(header):
        for keyword in keywords:
            yield from filter(None, map(str.strip, text(part, keyword).split("\\")))


def _of_kind(header: Dataset, kind: str) -> Iterator[tuple[Dataset, str]]:
    """The attributes of a value representation, in every part of a header."""
    for part in _parts(header):
        for tag in part.keys():  # noqa: SIM118 - a Dataset has its elements for items, and parses them
            if dictionary_has_tag(tag) and dictionary_VR(tag) == kind:
                yield part, dictionary_keyword(tag)


def _parts(header: Dataset) -> Iterator[Dataset]:
    """A header, and what is in its sequences."""
    yield header
    for keyword in SEQUENCES:
        for item in items(header, keyword):
            yield from _parts(item)
