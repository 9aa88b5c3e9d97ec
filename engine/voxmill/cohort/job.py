"""What is done with a case: every region of every image in each of its masks is measured."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from voxmill._version import __version__
from voxmill.cohort.cases import CohortCase, Pair
from voxmill.cohort.device import RESOURCES, varies
from voxmill.cohort.packing import pack_features
from voxmill.cohort.spending import processor_time
from voxmill.cohort.versions import versions
from voxmill.computing import CPU_NAME, HOST_FULL, NO_GPU, ON_CPU, VISIBLE, find_gpu, name_of, open_device
from voxmill.errors import InputError, RegionError, VoxmillError
from voxmill.passing import Unreachable, reading
from voxmill.runs.memory import peak_bytes
from voxmill.runs.records import Record
from voxmill.runs.worker import CaseError
from voxmill.settings import Settings
from voxmill.stages import Stages, watch_stages
from voxmill.table import PREFIX, Row
from voxmill.volume import Image, Mask

Result = dict[str, Any]
FORMAT_VERSION = 2
"""Of results: a run goes on from records of this format alone, and those of another are of another run."""
LETTERS = 12
"""Of a digest in names."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("find", "facts", "prepare", "crop"),
    "filter": ("filters",),
    "count": ("levels", "count"),
    "features": ("sums", "features", "shape"),
}
"""Stages of an extraction, as they are told of a cohort."""
GPU_FAILED = f"{ON_CPU}the GPU failed"
"""How the note of rows begins that `extract` had to make again without the GPU; in that process it stays broken."""
NO_MEMORY = f"{ON_CPU}{HOST_FULL}"
NO_GPU_HERE = f"{ON_CPU}no GPU could be used"
UNSEEN = "CUDA_VISIBLE_DEVICES is empty, or a process with a GPU ended on the case"
"""Why a process sees none."""
READ = "read"
"""What comes before them: files are opened, read and hashed; of a store, chunks are read while boxes are prepared."""


@dataclass(frozen=True)
class Extraction:
    """A job: cases into rows. `threads`: how many regions of a case are measured at a time.

    device: cpu; gpu, of which a row says where it was none; or auto, a GPU where the process has one.
    """

    settings: Settings
    threads: int = 1
    device: str = "cpu"

    @property
    def resources(self) -> tuple[str, ...]:
        """What of a worker its cases can use."""
        return RESOURCES[self.device]

    @cached_property
    def fingerprint(self) -> str:
        """What tells a run from others: all that decides values, and what its records hold.

        That is settings, version, and the device where a GPU may make other values.
        """
        settings = self.settings.model_dump(mode="json")
        about = {"settings": settings, "version": __version__, "format_version": FORMAT_VERSION}
        if self.device == "gpu" and varies(self.settings):
            about["device"] = self.device
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def key(self, case: CohortCase) -> str:
        """Fingerprint, name, what the case chooses, and what tells its content from any other."""
        choosing = case.choosing
        about = [self.fingerprint, case.name, choosing.labels, choosing.channel, case.stamp]
        return hashlib.sha256(json.dumps(about).encode(errors="surrogateescape")).hexdigest()

    def name(self, case: CohortCase) -> str:
        """A part of its key: names of cases may be those of patients."""
        return f"case-{self.key(case)[:LETTERS]}"

    def known(self, case: CohortCase) -> Mapping[str, Any]:
        """Nothing: names of cases may be those of patients."""
        return {}

    def load(self, case: CohortCase) -> None:
        """Load what measures, and what reads the case; open the device."""
        import voxmill.extraction  # noqa: F401

        open_device(self.here)
        case.load()

    @property
    def here(self) -> str:
        """The device as `extract` has it: the CPU in a process that is to see no GPU, which need not look for any."""
        return "cpu" if self.device == "cpu" or os.environ.get(VISIBLE) == NO_GPU else "auto"

    @property
    def device_name(self) -> str:
        """What measures in this process."""
        return name_of(find_gpu().device if self.here == "auto" else None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of every row that is measured in this process."""
        if self.device != "gpu" or self.device_name != CPU_NAME:
            return ()
        return (f"{NO_GPU_HERE}: {find_gpu().obstacle if self.here == 'auto' else UNSEEN}",)

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the software that measures in this process; of a GPU's where there is one."""
        return {**versions(), **(find_gpu().versions if self.device_name != CPU_NAME else {})}

    def do(self, case: CohortCase, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """Measure a case: rows, what could not be measured, digests, images without a mask, versions, what it took.

        What others that this process does meanwhile make it wait is part of the seconds that it took.

        Raises CaseError with what could not be measured where nothing can be; images without a mask need not be. Raises
        it with all of that where an image or a mask is lacking, so that it is tried again; a region that cannot be
        measured never can.
        """
        under_way = _UnderWay(self, case, enter)
        began = time.perf_counter()
        channel = self.settings.label_channel if case.choosing.channel is None else case.choosing.channel
        with watch_stages() as stages, processor_time() as cpu_s:
            for pair in under_way.read(case.pairs(channel, enter)):
                under_way.measure(pair)
            if not under_way.rows:
                under_way.require_bare()
            took = {
                "wall_s": time.perf_counter() - began,
                "cpu_s": cpu_s(),
                "seconds": {READ: sum(under_way.reading), **_in_groups(stages)},
                "bytes": case.bytes,
                "peak_bytes": peak_bytes(),
            }
        result = {
            "rows": under_way.rows,
            "failures": under_way.failures,
            "inputs": under_way.inputs,
            "bare": len(under_way.bare),
            "versions": dict(self.versions),
            "device": CPU_NAME if under_way.is_on_cpu else self.device_name,
            "took": took,
        }
        if not under_way.is_whole:
            raise CaseError(under_way.why, result, under_way.reason)
        return result

    def spends(self, record: Record) -> bool:
        """Whether the GPU has failed in this process: a new one may have it in order."""
        return _says(record, GPU_FAILED)

    def is_spoilt(self, record: Record) -> bool:
        """Whether other cases may have had the memory that the GPU's work needed here."""
        return _says(record, NO_MEMORY)


def is_on_cpu(row: Result) -> bool:
    """Whether the CPU had to make a row, as a GPU failed or none could be used."""
    return ON_CPU in row["notes"]


def _says(record: Record, note: str) -> bool:
    """Whether a row of a case has a note that says so."""
    return any(note in row["notes"] for row in record.result.get("rows", ()))


def why_on_cpu(row: Result) -> str:
    """Why it had to: that is the last of its notes."""
    return str(row["notes"]).rpartition(ON_CPU)[2]


def has_result(record: Record) -> bool:
    """Whether there is something of a case: also where an image of it has failed."""
    return "took" in record.result


@dataclass(frozen=True)
class _UnderWay:
    """A case that is being measured."""

    job: Extraction
    case: CohortCase
    enter: Callable[[str], None]
    rows: list[Result] = field(default_factory=list)
    failures: list[Result] = field(default_factory=list)
    inputs: list[Result] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)

    def read(self, pairs: Iterator[Pair]) -> Iterator[Pair]:
        """The pairs, with the digests of those that are opened; how long each took is noted."""
        while True:
            began = time.perf_counter()
            pair = next(pairs, None)
            if pair is None:
                return
            if pair.opened is not None:
                image, mask = pair.opened
                digests = {"image_sha256": image.digest, "mask_sha256": mask.digest}
                self.inputs.append({"image": pair.image, "mask": pair.mask, **digests})
            self.reading.append(time.perf_counter() - began)
            yield pair

    def measure(self, pair: Pair) -> None:
        """Measure all regions of an image in a mask."""
        if pair.is_bare:
            self.bare.append(pair.image)
            return
        if pair.opened is None:
            self._fail(pair, step="read", reason=pair.reason, sentence=pair.error or "")
            return
        image, mask = pair.opened
        self.enter("measure")
        try:
            with reading(pair.image):  # of a store, it is read where it is measured
                rows = self._rows(image, mask)
        except VoxmillError as error:
            self._fail(pair, step="measure", reason=type(error).__name__, sentence=str(error))
            return
        for row in rows:
            if row.error is None:
                self.rows.append({"image": pair.image, "mask": pair.mask, **_packed(row)})
            else:
                self._fail(pair, row.region, step="measure", reason=RegionError.__name__, sentence=row.error)

    def _rows(self, image: Image, mask: Mask) -> tuple[Row, ...]:
        from voxmill.extraction import extract

        settings, labels, job = self.job.settings, self.case.choosing.labels, self.job
        if settings.label_channel is not None:  # a pair has the channel that is wanted
            settings = settings.changed({"label_channel": None})
        if labels is not None:  # as settings: that they are not there is said in rows
            settings = settings.changed({"labels": labels})
        table = extract(image, mask, settings=settings, threads=job.threads, device=job.here)
        return tuple(replace(row, notes=(*row.notes, *job.notes)) for row in table.rows)

    def _fail(self, pair: Pair, region: str = "", *, step: str, reason: str, sentence: str) -> None:
        where = {"image": pair.image, "mask": pair.mask, "region": region}
        self.failures.append({**where, "step": step, "reason": reason, "sentence": sentence})

    def require_bare(self) -> None:
        """Raise CaseError, with what could not be measured, where there is more than images without a mask."""
        if self.failures or not self.bare:
            raise CaseError(self.why, {"failures": self.failures}, self.reason)

    @property
    def is_on_cpu(self) -> bool:
        """Whether all that was measured is of the CPU, though a GPU was to measure it."""
        return bool(self.rows) and all(is_on_cpu(row) for row in self.rows)

    @property
    def is_whole(self) -> bool:
        """Whether all images and masks were measured; of some, regions may not be."""
        return all(one["reason"] == RegionError.__name__ for one in self.failures)

    @property
    def reason(self) -> str:
        """The kind of failure: Unreachable where something lacking may be there when it is tried again."""
        may_pass = any(one["reason"] == Unreachable.__name__ for one in self.failures)
        return (Unreachable if may_pass else InputError).__name__

    @property
    def why(self) -> str:
        """Why something is lacking, in a sentence."""
        if not self.failures:
            return "it has no image; fill in the column 'image'"
        first, *others = self.failures
        return str(first["sentence"]) + (f" (and {len(others)} more)" if others else "")


def _in_groups(stages: Stages) -> dict[str, float]:
    """Seconds of stages, as they are told of a cohort."""
    return {name: sum(stages.seconds[one] for one in group) for name, group in GROUPS.items()}


def _packed(row: Row) -> Result:
    diagnostics = {name: value for name, value in row.diagnostics.items() if name.startswith(PREFIX)}
    return {
        "region": row.region,
        "label": row.label,
        **pack_features(row.features),
        "diagnostics": {name: _told(value) for name, value in diagnostics.items()},
        "notes": "; ".join(row.notes),
    }


def _told(value: object) -> Any:  # noqa: ANN401 - what JSON can hold
    """A diagnostic: numbers as numbers, none for what is none, all else as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)
