"""From injection to scan: how long a tracer decayed, also where de-identification has coarsened the dates.

Source: QIBA's vendor-neutral pseudo-code for SUV; DICOM PS3.15 annex E (dates that are removed or changed).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pydicom.dataset import Dataset
from pydicom.valuerep import DA, DT, TM

from voxmill.io.dicom.tags import named, optional_number, text

LONGEST_UPTAKE = timedelta(hours=6)
"""Between injection and scan, where only times of day are used; 24 h of them cannot be told apart."""
SHORT_LIVED = 12 * 3600
"""Half-lives in seconds below which a scan is on the day of the injection, or just after midnight."""
MOST_HALF_LIVES = 10
"""After so many, a thousandth is left: no scan is made then, and the dates are wrong."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Uptake:
    """How long the tracer decayed, until which moment, and what a reader should know of it."""

    time: timedelta
    reference: str
    notes: tuple[str, ...] = ()


def uptake_of(headers: Sequence[Dataset], isotope: Dataset, half_life: float) -> Uptake | str:
    """From injection to the moment that a series with DecayCorrection START is corrected to; or why nobody knows.

    half_life: in seconds.
    """
    scan = _scan_start(headers, half_life)
    if isinstance(scan, str):
        return scan
    moment, reference = scan
    injected = _injection(isotope, headers[0])
    if isinstance(injected, datetime):
        return _dated(injected, moment, reference, half_life)
    if isinstance(injected, time):
        return _timed(injected, moment, reference, half_life, why="")
    return f"{named('RadiopharmaceuticalStartDateTime')} and {named('RadiopharmaceuticalStartTime')} are missing"


def _dated(injected: datetime, moment: datetime, reference: str, half_life: float) -> Uptake | str:
    """By date and time, where they make sense together; by the times of day where the dates do not."""
    apart = moment - injected
    longest = DAY if half_life < SHORT_LIVED else timedelta(seconds=MOST_HALF_LIVES * half_life)
    coarsened = moment.day == 1 and injected.date() != moment.date()
    if timedelta(0) <= apart <= longest and not (coarsened and half_life >= SHORT_LIVED):
        return Uptake(apart, reference)
    why = "the dates of injection and scan do not fit together (coarsened by de-identification?)"
    return _timed(injected.time(), moment, reference, half_life, why=why)


def _timed(injected: time, moment: datetime, reference: str, half_life: float, *, why: str) -> Uptake | str:
    """By the times of day alone, around midnight where that is between."""
    said = why or f"{named('RadiopharmaceuticalStartDateTime')} is missing"
    if half_life >= SHORT_LIVED:
        return f"{said}, and the times of day alone do not tell the uptake of a half-life of {half_life / 3600:.1f} h"
    apart = (moment - datetime.combine(moment.date(), injected)) % DAY
    if apart > LONGEST_UPTAKE:
        return (
            f"{said}, and by the times of day alone the uptake would be {apart / timedelta(hours=1):.1f} h, at most 6 h"
        )
    notes = (f"SUV: {said}: the uptake is by the times of day alone",) if why else ()
    return Uptake(apart, reference, notes)


def _injection(isotope: Dataset, header: Dataset) -> datetime | time | None:
    dated = _parsed(DT, text(isotope, "RadiopharmaceuticalStartDateTime"))
    if isinstance(dated, datetime):
        return _by_the_clock(dated, header)
    timed = _parsed(TM, text(isotope, "RadiopharmaceuticalStartTime"))
    return timed if isinstance(timed, time) else None


def _scan_start(headers: Sequence[Dataset], half_life: float) -> tuple[datetime, str] | str:
    """The moment that activity is corrected to.

    That is the start of the series, unless it was made after the images were acquired (a reconstruction): then that
    of the first frame, back by what its time of reference says.
    """
    acquired = [_moment(header, "AcquisitionDate", "AcquisitionTime") for header in headers]
    if any(moment is None for moment in acquired):
        return f"{named('AcquisitionDate')} or {named('AcquisitionTime')} is missing"
    first, header = min(
        ((moment, header) for moment, header in zip(acquired, headers, strict=True) if moment is not None),
        key=lambda pair: pair[0],
    )
    series = _moment(headers[0], "SeriesDate", "SeriesTime")
    if series is not None and series <= first:
        return series, "the start of the series"
    private = _parsed(DT, _ge_start(headers[0]))
    if isinstance(private, datetime):
        return _by_the_clock(private, headers[0]), "the start of the scan (0009,100d)"
    return _from_frame(first, header, half_life)


def _from_frame(acquired: datetime, header: Dataset, half_life: float) -> tuple[datetime, str] | str:
    """The start of the scan from a frame: its reference time lies where its mean count rate was (in ms, both)."""
    reference, duration = (optional_number(header, key) for key in ("FrameReferenceTime", "ActualFrameDuration"))
    if reference is None or duration is None or duration <= 0:
        return (
            f"{named('SeriesTime')} is after the acquisition, and {named('FrameReferenceTime')} or "
            f"{named('ActualFrameDuration')}, which tell the start of the scan, is missing"
        )
    decay = math.log(2) / half_life
    within = decay * duration / 1000
    average = math.log(within / -math.expm1(-within)) / decay
    start = acquired + timedelta(seconds=average - reference / 1000)
    return start, "the start of the scan, by the reference time of its first frame"


def _ge_start(header: Dataset) -> str:
    """GE's start of the scan (0009,100d), which its private creator must announce."""
    try:
        return str(header.private_block(0x0009, "GEMS_PETD_01")[0x0D].value)
    except KeyError:
        return ""


def _by_the_clock(moment: datetime, header: Dataset) -> datetime:
    """A moment as the other dates and times of a header tell it (TimezoneOffsetFromUTC, PS3.3 C.12.1.1)."""
    told, offset = datetime.combine(moment.date(), moment.time()), moment.utcoffset()
    try:
        here = datetime.strptime(text(header, "TimezoneOffsetFromUTC"), "%z").utcoffset()
    except ValueError:
        here = None
    return told if offset is None or here is None else told - offset + here


def _moment(header: Dataset, date: str, clock: str) -> datetime | None:
    day, hour = _parsed(DA, text(header, date)), _parsed(TM, text(header, clock))
    return datetime.combine(day, hour) if day is not None and isinstance(hour, time) else None  # type: ignore[arg-type]


def _parsed(kind: type[DA] | type[DT] | type[TM], written: str) -> DA | DT | TM | None:
    try:
        return kind(written) if written else None
    except ValueError:
        return None
