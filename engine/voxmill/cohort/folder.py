"""The folder that a run writes to: is it ours, and what becomes of what an earlier run left there."""

import json
from collections.abc import Iterable
from pathlib import Path

from voxmill.cohort.layout import EARLIER, LEDGER, OUTPUTS, RUN
from voxmill.errors import InputError, OutputError

LETTERS = 12


def require_ours(folder: Path) -> None:
    """Raise OutputError for a folder with other things in it than those of a run."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder.name}: this is a file; give a folder for the results")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / LEDGER).is_dir():
        raise OutputError(f"{folder.name}: the folder is not empty, and it is none of a run; give another, or empty it")


def set_aside(folder: Path, fingerprint: str) -> Path | None:
    """Move what a run with other settings or of another version has written into a folder beside; gives that one.

    None where there is nothing of another run. Whoever calls holds the lock of the ledger. Killed halfway, it is
    finished when it is called again: the file that tells which run it was goes last.
    """
    found = _fingerprint(folder / RUN)
    if found is None or found == fingerprint:
        return None
    aside = folder / EARLIER / found[:LETTERS]
    try:
        aside.mkdir(parents=True, exist_ok=True)
        for name in OUTPUTS:
            if (folder / name).exists():
                (folder / name).replace(aside / name)
    except OSError as error:
        raise OutputError(f"{folder.name}: earlier results cannot be moved: {error.strerror or error}") from None
    return aside


def remove_others(folder: Path, written: Iterable[str]) -> None:
    """Remove the files of this run that were written once and are not now: they would tell of other cases."""
    for name in set(OUTPUTS) - set(written):
        (folder / name).unlink(missing_ok=True)


def _fingerprint(path: Path) -> str | None:
    """Which run wrote a folder; None where none has yet."""
    try:
        found: str = json.loads(path.read_text(encoding="utf-8"))["fingerprint"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        raise InputError(
            f"{path.name}: this file of an earlier run is damaged; give another folder, or delete it"
        ) from None
    return found
