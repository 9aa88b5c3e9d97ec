"""The factor of standardised uptake values of a PET series, by body weight, and how it came about.

Source: QIBA's vendor-neutral pseudo-code for SUV (Quantitative Imaging Biomarkers Alliance, FDG-PET/CT profile, annex),
DICOM PS3.3 C.8.9.1 (PET series), C.8.9.2 (isotope), C.8.9.4 (PET image).
"""

from collections.abc import Sequence
from datetime import timedelta

from pydicom.dataset import Dataset

from voxmill.io.dicom.scan_times import Uptake, uptake_of
from voxmill.io.dicom.tags import items, named, optional_number, text
from voxmill.suv import Suv

PHILIPS = (0x7053, "Philips PET Private Group")
"""The group and the creator of Philips' factors."""
SUV_SCALE, ACTIVITY_SCALE = 0x00, 0x09
"""(7053,1000), by which counts become SUV by body weight, and (7053,1009), by which they become Bq/ml."""

DOSES = (1e5, 1e11)
"""The least and the largest dose that is believed, in Bq."""


class _UnknownError(Exception):
    """Why there is no factor."""


def suv_of(headers: Sequence[Dataset]) -> Suv:
    """The SUV factor of a series from the headers of all its files; without one, `how` says why."""
    try:
        return _suv(headers)
    except _UnknownError as reason:
        return Suv(None, f"no SUV factor: {reason}")


def _suv(headers: Sequence[Dataset]) -> Suv:
    first = headers[0]
    units = text(first, "Units")
    if units == "GML":
        return _already(first)
    if units == "BQML":
        return _from_activity(headers, 1.0, "")
    if units == "CNTS":
        return _philips(headers)
    raise _UnknownError(f"{named('Units')} is {units or 'missing'}; BQML, GML and, of Philips, CNTS are known")


def _already(first: Dataset) -> Suv:
    kind = text(first, "SUVType")
    if kind not in ("", "BW"):
        raise _UnknownError(f"{named('SUVType')} is {kind}: the values are SUV, but not by body weight")
    return Suv(1.0, "the values are SUV by body weight already (Units GML)")


def _philips(headers: Sequence[Dataset]) -> Suv:
    """The factors that Philips writes for counts."""
    direct = _private(headers[0], SUV_SCALE)
    if direct is not None:
        _require_one(headers, SUV_SCALE)
        return Suv(direct, "Philips' own SUV factor (7053,1000)")
    activity = _private(headers[0], ACTIVITY_SCALE)
    if activity is None:
        raise _UnknownError("the values are counts, and Philips' factors (7053,1000) and (7053,1009) are missing or 0")
    _require_one(headers, ACTIVITY_SCALE)
    return _from_activity(headers, activity, ", counts to Bq/ml by Philips' factor (7053,1009)")


def _private(dataset: Dataset, element: int) -> float | None:
    """A positive number in Philips' private block, wherever that was put; None where there is none."""
    try:
        found = float(dataset.private_block(*PHILIPS)[element].value)
    except (KeyError, TypeError, ValueError):
        return None
    return found if 0 < found < float("inf") else None


def _require_one(headers: Sequence[Dataset], element: int) -> None:
    if len({_private(header, element) for header in headers}) > 1:
        raise _UnknownError(f"Philips' factor (7053,10{element:02x}) differs from slice to slice")


def _from_activity(headers: Sequence[Dataset], to_activity: float, said: str) -> Suv:
    """Body weight over the dose that was left at the time to which the activity was corrected."""
    first = headers[0]
    isotopes = items(first, "RadiopharmaceuticalInformationSequence")
    if len(isotopes) != 1:
        raise _UnknownError(
            f"{named('RadiopharmaceuticalInformationSequence')} has {len(isotopes)} items, and must have one"
        )
    _require_corrected(first)
    grams = _positive(first, "PatientWeight") * 1000
    dose = _dose(isotopes[0])
    half_life = _positive(isotopes[0], "RadionuclideHalfLife")
    correction = text(first, "DecayCorrection")
    if correction == "ADMIN":
        return Suv(
            to_activity * grams / dose, f"body weight over the injected dose; decay corrected to it (ADMIN){said}"
        )
    if correction != "START":
        raise _UnknownError(f"{named('DecayCorrection')} is {correction or 'missing'}; START and ADMIN can be used")
    uptake = uptake_of(headers, isotopes[0], half_life)
    if isinstance(uptake, str):
        raise _UnknownError(uptake)
    left = dose * 2 ** (-uptake.time.total_seconds() / half_life)
    return Suv(to_activity * grams / left, f"{_how(uptake)}{said}", uptake.notes)


def _how(uptake: Uptake) -> str:
    minutes = uptake.time / timedelta(minutes=1)
    return f"body weight over the dose left after {minutes:.1f} min, from injection to {uptake.reference}"


def _require_corrected(first: Dataset) -> None:
    corrections = text(first, "CorrectedImage").split("\\")
    for wanted in ("ATTN", "DECY"):
        if wanted not in corrections:
            raise _UnknownError(f"{named('CorrectedImage')} does not list {wanted}")


def _dose(isotope: Dataset) -> float:
    """The injected activity; one that nobody is given is in another unit."""
    found = _positive(isotope, "RadionuclideTotalDose")
    if not DOSES[0] <= found <= DOSES[1]:
        raise _UnknownError(
            f"{named('RadionuclideTotalDose')} is {found:g}, and its unit is Bq: 0.1 MBq to 100 GBq can be a dose"
        )
    return found


def _positive(dataset: Dataset, keyword: str) -> float:
    found = optional_number(dataset, keyword)
    if found is None or found <= 0:
        raise _UnknownError(f"{named(keyword)} is {'missing' if found is None else f'{found:g}'}")
    return found
