"""The folder that a run writes to: is it ours, and what becomes of what an earlier run left there."""

import json
import os
from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from voxmill.cohort.layout import EARLIER, FEATURES, LEDGER, OUTPUTS, RUN
from voxmill.errors import NOWHERE, InputError, OutputError, SettingsError, counted
from voxmill.runs.ledger import require_no_link

LETTERS = 12
FAILING = ("failures", "not_converted", "not_converted_again", "not_converted_yet")
"""Counts of a run that ends with 1 where one of them is not 0."""


def require_ours(folder: Path) -> None:
    """Raise OutputError for what cannot be the folder of a run, InputError where what one left is damaged."""
    above = next(one for one in folder.parents if os.path.lexists(one))
    for one in (folder, above):
        if one.is_symlink() and not one.exists():
            raise OutputError(f"{one.name}: {NOWHERE}")
    if not above.is_dir():
        raise OutputError(f"{above.name}: this is a file, and no folder can be in it; give another for the results")
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder.name}: this is a file; give a folder for the results")
    for name in (LEDGER, EARLIER):
        require_no_link(folder / name)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / LEDGER).is_dir() and _told(folder / RUN) is None:
        raise OutputError(f"{folder.name}: the folder is not empty, and it is none of a run; give another, or empty it")
    _told(folder / RUN)
    _measured(folder / FEATURES)


def has_another(folder: Path, fingerprint: str, cases: Collection[str]) -> bool:
    """Whether there are results of another run: of other settings or version, or with rows of cases beside these."""
    told = _told(folder / RUN)
    return told is not None and (told["fingerprint"] != fingerprint or not _measured(folder / FEATURES) <= set(cases))


def failures_there(folder: Path) -> int:
    """How many failures a run ended with, that made it end with 1; 0 where there was none."""
    told = _told(folder / RUN)
    return 0 if told is None else int(told["failures"])


def set_aside(folder: Path, fingerprint: str, cases: Collection[str]) -> Path | None:
    """Move what another run has written into a folder beside, before tables of these cases are; gives that one.

    None where there is nothing of another (see has_another). Whoever calls holds the lock of the ledger. Killed
    halfway, it is finished when it is called again: the file that tells which run it was goes last.
    """
    told = _told(folder / RUN)
    if told is None or not has_another(folder, fingerprint, cases):
        return None
    try:
        aside = _room_aside(folder, str(told["fingerprint"])[:LETTERS])
        aside.mkdir(parents=True, exist_ok=True)
        if (aside / RUN).exists():
            remove_others(aside, ())
        for name in OUTPUTS:
            if (folder / name).exists():
                (folder / name).replace(aside / name)
    except OSError as error:
        raise OutputError(f"{folder.name}: earlier results cannot be moved: {error.strerror or error}") from None
    return aside


def _room_aside(folder: Path, name: str) -> Path:
    """Where results go: a folder of this name, or with a number, that has no results, or none of any other case."""
    measured = _measured(folder / FEATURES)
    places = (folder / EARLIER / (f"{name}-{number}" if number > 1 else name) for number in count(1))
    ours = (one for one in places if not one.is_symlink())
    return next(one for one in ours if not (one / RUN).exists() or _measured(one / FEATURES) <= measured)


def remove_others(folder: Path, written: Collection[str]) -> None:
    """Remove the files of a run that were written once and are not now, in their order: they tell of other cases."""
    for name in OUTPUTS:
        if name not in written:
            (folder / name).unlink(missing_ok=True)


def require_no_rows(folder: Path, why: str) -> None:
    """Raise InputError where there are rows of before, which tables without any would replace; `why` there are none."""
    told = _told(folder / RUN)
    if told is not None and told["rows"]:
        raise InputError(
            f"{folder.name}: the rows that are there stay, as nothing can be measured now ({why}); mend that, or give "
            "another folder"
        )


def require_outside(folder: Path, cohort: Path) -> None:
    """Raise OutputError for a folder in the store that is measured: that holds its cases, and nothing else."""
    if cohort.is_dir() and folder.resolve().is_relative_to(cohort.resolve()):
        from voxmill.store import is_store

        if is_store(cohort):
            raise OutputError(f"{folder.name}: this is in the store; give a folder beside it for the results")


def require_all_kept(folder: Path, fingerprint: str, chosen: Collection[str]) -> None:
    """Raise SettingsError where tables of the same run have rows of cases that are not among the chosen ones.

    Those of another run are set aside, and not lost.
    """
    told = _told(folder / RUN)
    if told is None or told["fingerprint"] != fingerprint:
        return
    left_out = len(_measured(folder / FEATURES) - set(chosen))
    if left_out:
        raise SettingsError(
            f"{folder.name}: its tables have rows of {counted(left_out, 'case')} that --only or --limit leaves out, "
            "which new tables would lack; give another folder, or leave these options out"
        )


def _measured(table: Path) -> set[str]:
    """The cases that have rows in a table of features."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_table(table, columns=["case"])["case"].unique().to_pylist())
    except FileNotFoundError:
        return set()
    except (OSError, pa.ArrowException):
        raise _damaged(table) from None


def _told(path: Path) -> Mapping[str, Any] | None:
    """Which run wrote a folder, by fingerprint, and how many rows and failures; None where none has yet."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        counts = told["counts"]
        return {
            "fingerprint": told["fingerprint"],
            "rows": counts["rows"],
            "failures": sum(counts.get(name, 0) for name in FAILING),
        }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        raise _damaged(path) from None


def _damaged(path: Path) -> InputError:
    return InputError(f"{path.name}: this file of an earlier run is damaged; give another folder, or delete it")
