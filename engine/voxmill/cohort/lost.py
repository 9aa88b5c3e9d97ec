"""What conversion could not bring into a store: it is told of whenever the store is measured."""

from collections.abc import Callable, Mapping
from pathlib import Path

from voxmill.discovery.cases import PASSED_OVER
from voxmill.errors import InputError

STEP = "convert"
"""The step at which it failed, in the table of a run."""


def lost_in(store: Path, names: Callable[[str], bool]) -> tuple[Mapping[str, str], ...]:
    """Cases, images and masks that the table of failures in a store tells of, as failures of a run, in its order.

    What is of a kind that is never read is none of them, nor what belongs to no case and has no step: older stores
    tell no such kinds apart. What belongs to no case goes by the name of its file. `names` tells whether a case of this
    name is wanted. Raises InputError for a table that cannot be read, or that is a link out of the store.
    """
    from voxmill.store.tables import read_failures

    rows = read_failures(store)
    return tuple(_told(row) for row in rows if _is_lost(row) and names(row["case"]))


def _is_lost(row: Mapping[str, str]) -> bool:
    return row["step"] != PASSED_OVER and bool(row["case"] or row["step"])


def _told(row: Mapping[str, str]) -> Mapping[str, str]:
    where = {"case": row["case"] or row["file"], "image": row["image"], "mask": row["mask"]}
    return {**where, "step": STEP, "reason": row["reason"] or InputError.__name__, "sentence": row["sentence"]}
