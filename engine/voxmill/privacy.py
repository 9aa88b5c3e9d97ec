"""What may enter a store, and the names that stand for identifiers there.

DICOM PS3.15 (2024c), annex E: the Basic Application Level Confidentiality Profile, table E.1-1.
"""

import hashlib
import hmac
import math
import os
import re
import secrets
import stat
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill.errors import InputError, OutputError, why_not_there

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

KEY_FILE = "VOXMILL_KEY_FILE"
"""The environment variable that names a file with the key."""
KEY_BYTES = 32
NAME_LETTERS = 16
"""Letters of a hashed name, 5 bits each: among 60 million images two alike have a chance of 1 in 600 million."""
SECRET_DAYS = 50_000
"""How many days, 137 years, the day may be that a patient's studies are counted from."""
LONGEST = 64
"""The longest text that enters a store; DICOM's own limit for a code or a short description."""

ATTRIBUTES: Mapping[str, str] = {
    "Modality": "what was measured",
    "ImageType": "original or derived, and from what",
    "BodyPartExamined": "which part of the body",
    "PatientPosition": "how the patient lay",
    "Manufacturer": "harmonisation",
    "ManufacturerModelName": "harmonisation",
    "SliceThickness": "harmonisation: how far a slice blurs",
    "SpacingBetweenSlices": "gaps and overlaps of slices",
    "ConvolutionKernel": "harmonisation: texture in CT depends on it most",
    "ReconstructionDiameter": "harmonisation",
    "KVP": "harmonisation: contrast in CT",
    "Exposure": "harmonisation: noise in CT",
    "XRayTubeCurrent": "harmonisation: noise in CT",
    "ExposureTime": "harmonisation: noise in CT",
    "SpiralPitchFactor": "harmonisation",
    "GantryDetectorTilt": "why a grid is sheared",
    "MagneticFieldStrength": "harmonisation: contrast in MR",
    "ScanningSequence": "which sequence in MR",
    "SequenceVariant": "which sequence in MR",
    "MRAcquisitionType": "slices or a volume in MR",
    "RepetitionTime": "contrast in MR",
    "EchoTime": "contrast in MR",
    "InversionTime": "contrast in MR",
    "FlipAngle": "contrast in MR",
    "EchoTrainLength": "contrast in MR",
    "NumberOfAverages": "noise in MR",
    "PixelBandwidth": "noise in MR",
    "DiffusionBValue": "contrast in diffusion MR",
    "Units": "what the values of PET are",
    "DecayCorrection": "what the values of PET are",
    "CorrectedImage": "what was corrected in PET",
    "ReconstructionMethod": "harmonisation: texture in PET",
    "RescaleType": "what the values of CT are",
}
"""What enters a store, and why; all else stays outside. No name, date, UID or place, no free text; age and sex neither,
which the profile removes: they are clinical data, and come from where these are kept."""

TOO_SHORT = re.compile(r"^\d{0,3}$")
"""What cannot be hidden without hiding numbers that say something else."""
NUMERIC = ("DS", "IS", "FD", "FL", "US", "SS", "UL", "SL")
"""Value representations of numbers."""
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def allowed(header: "Dataset") -> dict[str, str | float | list[str | float]]:
    """The attributes of a DICOM header that may enter a store, by keyword: numbers, and text of printable ASCII.

    A text that repeats what identifies in this header, holds a UID or a date, or is no code where it should be one
    stays outside.
    """
    from pydicom.datadict import dictionary_VR

    from voxmill.io.dicom.repeating import Identifiers, is_code
    from voxmill.io.dicom.tags import text
    from voxmill.io.dicom.tags import value as value_of

    identifiers = Identifiers(header)
    found = {}
    for keyword in ATTRIBUTES:
        kind, written = dictionary_VR(keyword), text(header, keyword)
        if kind not in NUMERIC and identifiers.are_in(written):
            continue
        if kind == "CS" and not all(map(is_code, written.split("\\"))):
            continue
        value = _plain(value_of(header, keyword), numeric=kind in NUMERIC)
        if value not in (None, "", []):
            found[keyword] = value
    return found


def _plain(value: object, *, numeric: bool) -> Any:  # noqa: ANN401 - str, float, or a list of either
    """A value as it may enter: what should be a number and is none, or is not finite, does not."""
    from pydicom.multival import MultiValue

    if isinstance(value, MultiValue):
        parts = [_plain(one, numeric=numeric) for one in value]
        return None if None in parts else parts
    if numeric:
        number = float(value) if isinstance(value, int | float) else math.nan
        return number if math.isfinite(number) else None
    return None if value is None else UNPRINTABLE.sub("?", str(value))[:LONGEST].strip()


def is_date(text: str) -> bool:
    """Whether a text is a date as DICOM writes it: YYYYMMDD."""
    try:
        _date(text)
    except ValueError:
        return False
    return len(text) == len("YYYYMMDD")


def _date(text: str) -> date:
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")


def key_of(store: Path) -> Path:
    """The file beside a store with its key, where VOXMILL_KEY_FILE names no other."""
    return store.with_name(f"{store.name}.key")


@dataclass(frozen=True)
class Key:
    """The secret that names are made with: whoever has it can find a patient's case again, nobody else can."""

    secret: bytes

    def __repr__(self) -> str:
        return "<Key>"

    @classmethod
    def for_store(cls, store: Path, *, new: bool) -> "Key":
        """The key in the file that the environment variable VOXMILL_KEY_FILE names, or else that beside a store.

        That is `STORE.key`; where there is none, and `new` allows for it, it is made at random, for its owner alone.
        Raises InputError for a file that is not there, that others can read, or that is too short; OutputError where
        it cannot be made.
        """
        named = os.environ.get(KEY_FILE)
        if named:
            return cls.read(Path(named))
        beside = key_of(store)
        if not new:
            return cls.read(beside)
        try:
            handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return cls.read(beside)
        except OSError as error:
            raise OutputError(f"{beside.name}: the key cannot be written: {error.strerror or error}") from None
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
        return cls.read(beside)

    @classmethod
    def read(cls, path: Path) -> "Key":
        """The key in a file: any text or bytes, of at least 32 bytes; line ends after it do not count."""
        try:
            content = path.read_bytes().rstrip(b"\r\n")
            mode = path.stat().st_mode
        except OSError as error:
            reason = str(error.strerror or error)
            if isinstance(error, FileNotFoundError):
                reason = why_not_there(path, reason)
            raise InputError(f"{path.name}: the key cannot be read: {reason}") from None
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(f"{path.name}: others can read this key; make it yours alone: chmod 600 {path.name}")
        if len(content) < KEY_BYTES:
            raise InputError(f"{path.name}: a key has at least {KEY_BYTES} bytes; found {len(content)}")
        return cls(content)

    @property
    def fingerprint(self) -> str:
        """What tells this key from others, and nothing about it."""
        return self.name("key", "")

    def name(self, kind: str, identifier: str) -> str:
        """The name that stands for an identifier of a kind: `patient-` and 16 letters; the same in every run."""
        return f"{kind}-{b32encode(self._digest(kind, identifier)).decode().lower()[:NAME_LETTERS]}"

    def number(self, kind: str, identifier: str, *, below: int) -> int:
        """The number that stands for an identifier, from 0; the same in every run."""
        return int.from_bytes(self._digest(kind, identifier)) % below

    def _digest(self, kind: str, identifier: str) -> bytes:
        text = f"{kind}\0{identifier}".encode(errors="surrogateescape")
        return hmac.new(self.secret, text, hashlib.sha256).digest()


def replaced(text: str, identifiers: Iterable[str], by: Callable[[str], str]) -> str:
    """A text with something else in place of the identifiers in it; numbers of up to three digits stay."""
    hidden = sorted({one for one in identifiers if not TOO_SHORT.match(one)}, key=len, reverse=True)
    if not hidden:
        return text
    anywhere = rf"(?<!\w)(?:{'|'.join(map(re.escape, hidden))})(?!\w)"
    return re.sub(anywhere, lambda found: by(found[0]), text)


@dataclass(frozen=True)
class Pseudonyms:
    """What stands in a store for identifiers: names made with a key, or, where that is asked for, they themselves.

    Patients, studies, series, masks, frames of reference, cases and files go through here, and messages about them.
    """

    key: Key
    keep_ids: bool = False

    def of(self, kind: str, identifier: str) -> str:
        """The name of an identifier; none for none."""
        if self.keep_ids:
            return identifier.encode(errors="replace").decode()
        return self.key.name(kind, identifier) if identifier else ""

    def told(self, text: str, identifiers: Iterable[str]) -> str:
        """A text with names in place of the identifiers in it; numbers of up to three digits stay."""
        if self.keep_ids:
            return text
        return replaced(text, identifiers, lambda identifier: self.key.name("name", identifier))

    def untold(self, text: str, identifiers: Iterable[str]) -> str:
        """A text with identifiers in place of the names that stand for them: for the owner of a store alone."""
        known = {self.key.name("name", one): one for one in identifiers}
        return re.sub(rf"name-\w{{{NAME_LETTERS}}}", lambda found: known.get(found[0], found[0]), text)

    def day(self, study_date: str, patient: str) -> int | None:
        """In place of the date of a study, the days since a day that the key makes of its patient: intervals are kept.

        It is the same whenever the study comes. None where date or patient is not known.
        """
        if not (is_date(study_date) and patient):
            return None
        return _date(study_date).toordinal() - self.key.number("day", patient, below=SECRET_DAYS)
