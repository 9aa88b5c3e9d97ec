"""The records of a ledger → all that a run writes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxmill.cohort.layout import CSV, FAILURES, FEATURES, INPUTS, LONG, Columns
from voxmill.cohort.ordering import Ranked, in_order, shared_out
from voxmill.cohort.tables import Entries, opened, write_csv, write_failures
from voxmill.discovery.cases import LeftOut
from voxmill.errors import OutputError
from voxmill.runs.records import Outcome, Record

SORTING = ".sorting"


@dataclass(frozen=True)
class Forms:
    """In which forms features are written, beside the wide Parquet file."""

    long: bool = False
    csv: bool = False


@dataclass
class Tally:
    """What a run has come to: rows, failures, how much its cases took in all, and the most memory that one had."""

    rows: int = 0
    failures: list[Mapping[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    peak_bytes: int = 0
    columns: Columns = field(default_factory=Columns)

    def add(self, case: str, rank: int, record: Record) -> None:
        """Count a case."""
        if record.outcome is Outcome.FAILED:
            about = {"step": record.step, "reason": record.reason, "sentence": record.sentence}
            self.failures.append({"case": case, **about})
            return
        result = record.result
        self.rows += len(result["rows"])
        self.failures += [{"case": case, "reason": "InputError", **one} for one in result["failures"]]
        for row in result["rows"]:
            self.columns.add(rank, row)
        took = result["took"]
        for name, seconds in took["seconds"].items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.bytes += took["bytes"]
        self.peak_bytes = max(self.peak_bytes, took["peak_bytes"])


@dataclass(frozen=True, eq=False)
class Chosen:
    """The cases of a run: by key their ranks, by rank what is known of them."""

    ranks: Mapping[str, int]
    entries: Entries
    left_out: tuple[LeftOut, ...] = ()


def write_tables(folder: Path, records: Iterable[Record], chosen: Chosen, forms: Forms) -> Tally:
    """Write the tables of a run, of the records that are of its cases; raises OutputError where that is impossible."""
    tally = Tally(failures=[{"case": one.name, "sentence": one.sentence} for one in chosen.left_out])
    entries = chosen.entries
    further = entries.further.schema if entries.further is not None else None
    try:
        with shared_out(_counted(records, chosen, tally), len(entries.names), folder / SORTING) as shares:
            layout = tally.columns.layout(further)
            with opened(folder, layout, entries, long=forms.long) as tables:
                for share in shares:
                    tables.add(in_order(share))
    except OSError as error:
        raise OutputError(f"{folder.name}: the results cannot be written: {error.strerror or error}") from None
    write_failures(folder, tally.failures)
    if forms.csv:
        write_csv(folder / FEATURES, folder / CSV)
    return tally


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
        if record.outcome is Outcome.DONE:
            yield rank, {name: record.result[name] for name in ("rows", "inputs")}
