"""The records of a ledger → all that a run writes."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voxmill.cohort.apart import NOTHING, Apart, row_of
from voxmill.cohort.device import varies
from voxmill.cohort.dictionary import write_dictionary
from voxmill.cohort.folder import remove_others, require_no_rows
from voxmill.cohort.job import has_result, is_on_cpu, why_on_cpu
from voxmill.cohort.layout import (
    CRATE,
    CSV,
    DICTIONARY,
    DICTIONARY_METADATA,
    FAILURES,
    FEATURES,
    INPUTS,
    LONG,
    METHODS,
    RUN,
    STORE,
    Columns,
    Forms,
    Layout,
)
from voxmill.cohort.methods import Extent, write_methods
from voxmill.cohort.ordering import Ranked, by_rank
from voxmill.cohort.provenance import Account, write_account
from voxmill.cohort.tables import Entries, opened, write_failures
from voxmill.computing import CPU_NAME
from voxmill.errors import OutputError
from voxmill.runs.records import Record

OF_FLAT = "_shape2D_"
"""What is in the columns of shape in 2D, which some regions have."""


@dataclass
class Tally:
    """What a run has come to: rows, failures, how much its cases took in all, and the most memory that one had.

    named: the cases that have rows. versions: of the software that cases were measured with, by name. by_device: the
    cases that each has measured. on_cpu: how many rows the CPU had to make in place of a GPU, by the reason. apart:
    what was not measured. bare: how many images have no mask.
    """

    named: set[str] = field(default_factory=set, repr=False)
    rows: int = 0
    failures: list[Mapping[str, str]] = field(default_factory=list)
    apart: Apart = NOTHING
    bare: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_s: float = 0.0
    bytes: int = 0
    peak_bytes: int = 0
    versions: dict[str, set[str]] = field(default_factory=dict)
    by_device: dict[str, set[str]] = field(default_factory=dict, repr=False)
    on_cpu: Counter[str] = field(default_factory=Counter)
    columns: Columns = field(default_factory=Columns, repr=False)

    @property
    def measured(self) -> int:
        """How many cases have rows."""
        return len(self.named)

    @property
    def devices(self) -> Counter[str]:
        """How many cases each device has measured; one of which several have measured rows counts for each."""
        return Counter({device: len(cases) for device, cases in self.by_device.items()})

    @property
    def counts(self) -> dict[str, int]:
        """How many cases have rows, how many of these, of failures, of what stands apart, or has no mask."""
        return {
            "measured": self.measured,
            "rows": self.rows,
            "failures": len(self.failures),
            **self.apart.counts,
            "without_mask": self.bare,
        }

    @property
    def took(self) -> dict[str, Any]:
        """What it took: seconds by stage and of CPU for cases, in all processes; bytes of files; peak memory of one."""
        return {"seconds": dict(self.seconds), "cpu_s": self.cpu_s, "bytes": self.bytes, "peak_bytes": self.peak_bytes}

    def add(self, case: str, rank: int, record: Record) -> None:
        """Count a case."""
        result, whose = record.result, {"case": case, "log_name": record.case}
        whole = {"step": record.step, "reason": record.reason, "sentence": record.sentence}
        self.failures += [{**whose, **one} for one in result.get("failures") or ([] if has_result(record) else [whole])]
        if not has_result(record):
            return
        self.named.update([case] if result["rows"] else ())
        self.rows += len(result["rows"])
        self.bare += result["bare"]
        for at, row in enumerate(result["rows"]):
            self.columns.add((rank, at), row)
        for name, version in result["versions"].items():
            self.versions.setdefault(name, set()).add(version)
        self.by_device.setdefault(result.get("device", CPU_NAME), set()).add(case)
        self.on_cpu.update(map(why_on_cpu, filter(is_on_cpu, result["rows"])))
        took = result["took"]
        for name, seconds in took["seconds"].items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.cpu_s += took["cpu_s"]
        self.bytes += took["bytes"]
        self.peak_bytes = max(self.peak_bytes, took["peak_bytes"])


@dataclass(frozen=True, eq=False)
class Chosen:
    """The cases of a run: by key their ranks, by rank what is known of them, and what of their source is none of them.

    choosing: whether one of them chose its labels.
    """

    ranks: Mapping[str, int]
    entries: Entries
    apart: Apart = NOTHING
    choosing: bool = False


def write_results(folder: Path, records: Iterable[Record], chosen: Chosen, forms: Forms, account: Account) -> Tally:
    """Write all files of a run, of the records that are of its cases.

    Raises OutputError where that is impossible, InputError where tables without a row would replace others.
    """
    began = time.perf_counter()
    tally, layout = write_tables(folder, records, chosen, forms)
    write_dictionary(folder, layout)
    used = {name: sorted(found) for name, found in tally.versions.items()}
    extent = Extent(
        tally.measured,
        tally.rows,
        len(tally.failures),
        apart=tally.apart,
        bare=tally.bare,
        selected=any(account.asked.get(name) for name in ("only", "limit")),
        chosen=chosen.choosing,
        stored=account.source == STORE,
        flat=any(OF_FLAT in name for name in layout.features),
        gpus=sorted(set(tally.devices) - {CPU_NAME}) if varies(account.settings) else (),
    )
    write_methods(folder, account.settings, replace(extent, versions=used) if used else extent)
    tally.seconds["write"] = time.perf_counter() - began
    files = (*table_names(forms), DICTIONARY, DICTIONARY_METADATA, METHODS)
    remove_others(folder, (*files, CRATE, RUN))
    counts = {**account.counts, **tally.counts}
    account = replace(account, counts=counts, took=tally.took, measured_with=used, measured_on=tally.devices)
    write_account(folder, account, files)
    return tally


def write_tables(folder: Path, records: Iterable[Record], chosen: Chosen, forms: Forms) -> tuple[Tally, Layout]:
    """Write the tables of a run; gives what it has come to, and the columns of its features."""
    failures = list(map(row_of, chosen.apart.left_out))
    tally = Tally(failures=failures, apart=chosen.apart)
    entries = chosen.entries
    further = entries.further.schema if entries.further is not None else None
    try:
        with by_rank(_counted(records, chosen, tally), len(entries.names), folder) as results:
            if not tally.rows:
                require_no_rows(folder, next((one["sentence"] for one in tally.failures), "no image has a mask"))
            layout = tally.columns.layout(further)
            with opened(folder, layout, entries, forms) as tables:
                tables.write(results, tally.rows)
    except OSError as error:
        raise OutputError(f"{folder.name}: the results cannot be written: {error.strerror or error}") from None
    write_failures(folder, [*tally.failures, *tally.apart.rows])
    return tally, layout


def table_names(forms: Forms) -> tuple[str, ...]:
    """The files that are written of them."""
    return (FEATURES, *([LONG] if forms.long else []), *([CSV] if forms.csv else []), FAILURES, INPUTS)


def _counted(records: Iterable[Record], chosen: Chosen, tally: Tally) -> Iterator[Ranked]:
    """The results of cases by rank, as they come, each counted."""
    for record in records:
        rank = chosen.ranks.get(record.key)
        if rank is None:
            continue  # of another run
        tally.add(chosen.entries.names[rank], rank, record)
        if has_result(record):
            yield Ranked(rank, {name: record.result[name] for name in ("rows", "inputs")})
