"""A store → rows: every image of every case in every mask that it has."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill.cohort.cases import Pair, StoreCase
from voxmill.computing import name_of, open_device, parse_threads
from voxmill.errors import InputError, VoxmillError
from voxmill.settings import Settings, parse_settings
from voxmill.table import ERROR, STORE_KEY, Row, Table
from voxmill.volume import Image, Mask

if TYPE_CHECKING:
    import pyarrow as pa

    from voxmill.store import Store

Labels = int | str | Iterable[int | str] | None
Measured = Callable[[Image, Mask], tuple[Row, ...]]


def extract_store(
    store: "Store | str | Path",
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    labels: Labels = None,
    cases: Iterable[str] | None = None,
    device: str = "auto",
    threads: int = 1,
    done: Callable[[str], None] = lambda _: None,
    bare: Callable[[str], None] = lambda _: None,
) -> Table:
    """The features of every region of a store, or of the one at a path, case after case: as `extract` gives them.

    `cases` are the names of those that are wanted; all of them when None, those that were interrupted included, whose
    rows say so, and a row that says so where the conversion of the store is not finished. `done` is called with the
    name of every case that is finished, `bare` with `case/image` for every image that has no mask in the store, and so
    no row. A row has the names of its case, image and mask, as the tables of a run have them. Columns that were carried
    into the store are carried on. What could not be converted has no row; `lost_in` tells it.

    What cannot be measured is a row with an error; the others go on. Raises InputError when the store cannot be read,
    has no such case, or carries a column that is called like one of the result; SettingsError for settings that make no
    sense.
    """
    from voxmill.extraction import extract
    from voxmill.store import Store, open_store
    from voxmill.store.carried import carried_to

    store = store if isinstance(store, Store) else open_store(store)
    settings, threads = parse_settings(settings), parse_threads(threads)
    opened = open_device(device)
    used = device if opened else "cpu"
    chosen = settings if labels is None else settings.changed({"labels": labels})

    def measured(image: Image, mask: Mask) -> tuple[Row, ...]:
        return extract(image, mask, settings=chosen, device=used, threads=threads).rows

    known = _carried(store.folder)
    rows: list[Row] = []
    whose: list[str] = []
    for name in wanted_cases(store, cases):
        for pair in StoreCase(store.folder, name).pairs():
            if pair.is_bare:
                bare(f"{name}/{pair.image}")
                continue
            rows += (replace(row, case=name, image=pair.image, mask=pair.mask) for row in _of_pair(pair, measured))
        whose += [name] * (len(rows) - len(whose))
        done(name)
    if cases is None and store.unfinished is not None:
        rows.append(Row(store.folder.name, "", {}, error=str(store.unfinished), image="", mask=""))
        whose.append("")
    return Table(tuple(rows), settings, name_of(opened), carried_to(known, whose), STORE_KEY)


def _carried(store: Path) -> "pa.Table | None":
    """What is carried in a store; raises InputError where it cannot be read, or one has the name of one of results."""
    from voxmill.store.carried import read_carried

    table = read_carried(store)
    if table is not None and ERROR in table.column_names:
        raise InputError(
            f"{store.name}: it carries a column {ERROR}, and one of these results is called so; carry it by another "
            "name into a new store, or use voxmill run"
        )
    return table


def wanted_cases(store: "Store", cases: Iterable[str] | None = None) -> tuple[str, ...]:
    """The names of the cases to measure, each once; raises InputError for one that is not in the store."""
    there = (*store.names, *store.incomplete)
    if cases is None:
        return there
    wanted = tuple(dict.fromkeys(cases))
    for name in wanted:
        if name not in there:
            store.case(name)
    return wanted


def _of_pair(pair: Pair, measured: Measured) -> tuple[Row, ...]:
    """The rows of an image in a mask, or one that says why there are none."""
    if pair.opened is None:
        return (Row("", "", {}, error=pair.error),)
    try:
        return measured(*pair.opened)
    except VoxmillError as error:
        return (Row("", "", {}, error=str(error)),)
