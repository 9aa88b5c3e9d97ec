"""What a run of a cohort writes, and which columns its tables have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voxmill.cohort.packing import unpack_names
from voxmill.columns import FIRST, LAST, taken_names
from voxmill.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

STORE, TABLE, FOLDER = "store", "table", "folder"
"""The kinds of a cohort."""
LEDGER, EARLIER = "ledger", "earlier"
FEATURES, LONG, CSV = "features.parquet", "features_long.parquet", "features.csv"
FAILURES, INPUTS, RUN = "failures.parquet", "inputs.parquet", "run.json"
DICTIONARY, DICTIONARY_METADATA = "dictionary.csv", "dictionary.csv-metadata.json"
METHODS, CRATE = "methods.md", "ro-crate-metadata.json"
OUTPUTS = (FEATURES, LONG, CSV, FAILURES, INPUTS, DICTIONARY, DICTIONARY_METADATA, METHODS, CRATE, RUN)
"""All files that a run may write, in this order."""

Rank = tuple[int, int]
"""Where a row comes: its case among all, its place among the rows of the case."""
FAILED = ("case", "image", "mask", "region", "step", "reason", "sentence", "log_name")
"""The columns of failures.parquet; log_name: what logs and the ledger call the case."""


@dataclass(frozen=True)
class Forms:
    """In which forms features are written, beside the wide Parquet file."""

    long: bool = False
    csv: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of features.parquet.

    further: those that are carried through. diagnostics: with the type of each, int, float or str. features: in the
    order in which they first occur, case after case.
    """

    features: tuple[str, ...]
    diagnostics: Mapping[str, type] = field(default_factory=dict)
    further: "pa.Schema | None" = None

    @property
    def schema(self) -> "pa.Schema":
        """The columns with their types; raises InputError where two have one name."""
        import pyarrow as pa

        kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
        schema = pa.schema(
            [
                *(pa.field(name, pa.int64() if name == "label" else pa.string()) for name in FIRST),
                *(self.further or ()),
                *(pa.field(name, kinds[kind]) for name, kind in self.diagnostics.items()),
                *(pa.field(name, pa.float64()) for name in self.features),
                *(pa.field(name, pa.string()) for name in LAST),
            ]
        )
        twice = [name for name, count in Counter(schema.names).items() if count > 1]
        if twice:
            raise InputError(taken_names(twice))
        return schema


@dataclass(frozen=True)
class Columns:
    """Which columns rows have, found one by one in any order: the same layout comes of them."""

    features: dict[str, Rank] = field(default_factory=dict)
    diagnostics: dict[tuple[str, ...], Rank] = field(default_factory=dict)
    kinds: dict[str, set[type]] = field(default_factory=dict)

    def add(self, rank: Rank, row: Mapping[str, Any]) -> None:
        """Note the columns of a row."""
        _least(self.features, row["names"], rank)
        if row["diagnostics"]:
            _least(self.diagnostics, tuple(row["diagnostics"]), rank)
            for name, value in row["diagnostics"].items():
                self.kinds.setdefault(name, set()).update(set() if value is None else {type(value)})

    def layout(self, further: "pa.Schema | None") -> Layout:
        """The columns of all rows, those of low rank first."""
        features = _merged([unpack_names(packed) for packed in _ranked(self.features)])
        diagnostics = _merged(_ranked(self.diagnostics))
        return Layout(features, {name: _kind(self.kinds[name]) for name in diagnostics}, further)


def _least(ranks: dict[Any, Rank], key: object, rank: Rank) -> None:
    ranks[key] = min(rank, ranks.get(key, rank))


def _ranked(ranks: Mapping[Any, Rank]) -> list[Any]:
    """Keys by rank."""
    return sorted(ranks, key=lambda key: ranks[key])


def _merged(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """All names once, in the order in which they first occur."""
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _kind(kinds: set[type]) -> type:
    """Numbers where all are of one kind, text otherwise."""
    return next(iter(kinds)) if kinds in ({int}, {float}) else str
