"""What conversion could not bring into a store: it is told of whenever the store is measured."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from voxmill.cohort.apart import STEP, Apart, Row
from voxmill.discovery.cases import PASSED_OVER
from voxmill.errors import InputError

if TYPE_CHECKING:
    from voxmill.store import Store


def lost_in(store: "Store", names: Callable[[str], bool]) -> Apart:
    """Cases, images and masks that the table of failures in a store tells of, as failures of a run, in its order.

    Whole cases that the store has are there as they were before they failed.

    What is of a kind that is never read is none of them, nor what belongs to no case and has no step: older stores
    tell no such kinds apart. What belongs to no case goes by the name of its file. `names` tells whether a case of this
    name is wanted. Raises InputError for a table that cannot be read, or that is a link out of the store.
    """
    from voxmill.store.tables import read_failures

    rows = [row for row in read_failures(store.folder) if _is_lost(row) and names(row["case"])]
    there = frozenset(store.names) if rows else ()
    lost: list[Row] = []
    outdated: list[Row] = []
    for row in rows:
        is_there = row["case"] in there and not row["image"]
        (outdated if is_there else lost).append(_told(row))
    return Apart(lost=tuple(lost), outdated=tuple(outdated))


def _is_lost(row: Mapping[str, str]) -> bool:
    return row["step"] != PASSED_OVER and bool(row["case"] or row["step"])


def _told(row: Mapping[str, str]) -> Mapping[str, str]:
    where = {"case": row["case"] or row["file"], "image": row["image"], "mask": row["mask"]}
    return {**where, "step": STEP, "reason": row["reason"] or InputError.__name__, "sentence": row["sentence"]}
