"""Tables that lie beside the cases of a store, in Parquet: read as what others may have written."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxmill.errors import InputError
from voxmill.store.groups import refuse_links
from voxmill.store.layout import FAILURES

if TYPE_CHECKING:
    import pyarrow as pa

FAILURE_COLUMNS = ("case", "image", "mask", "file", "step", "reason", "sentence")


def read_failures(store: Path) -> list[Mapping[str, str]]:
    """What could not be brought into a store, and why: '' for what a row does not say; none where it has no such table.

    Raises InputError as read_table does.
    """
    damaged = "the table of failures in the store is damaged; convert into the store again to write it"
    table = read_table(store, FAILURES, texts=FAILURE_COLUMNS, damaged=damaged)
    rows = [] if table is None else table.to_pylist()
    return [{name: row.get(name) or "" for name in FAILURE_COLUMNS} for row in rows]


def read_table(store: Path, name: str, *, texts: Iterable[str], damaged: str) -> "pa.Table | None":
    """The table of this name in a store; None where there is none.

    texts: columns that hold texts, where they are there. damaged: what is said of one that cannot be read, or where
    they hold something else. Raises InputError for such a one, and for a link that leads out of the store.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = store / name
    refuse_links(path, store, store.name)
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        raise InputError(f"{name}: {damaged}") from None
    if any(not pa.types.is_string(field.type) for field in table.schema if field.name in set(texts)):
        raise InputError(f"{name}: {damaged}")
    return table
