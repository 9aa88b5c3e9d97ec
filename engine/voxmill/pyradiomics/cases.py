"""The cases of PyRadiomics' command line, one or a CSV file of them, each extracted on its own."""

import csv
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from voxmill.drafts import draft_of
from voxmill.errors import InputError, VoxmillError, brief
from voxmill.pyradiomics.featureextractor import RadiomicsFeatureExtractor
from voxmill.pyradiomics.logs import Log, logger

REQUIRED = ("Image", "Mask")
told = logger.getChild("script")


@dataclass(frozen=True)
class Case:
    """A number, from 1, and what is known of the case by column: Image and Mask, paths; Label, Label_channel, more."""

    number: int
    columns: dict[str, str]


@dataclass(frozen=True)
class Result:
    """The columns of a case, followed by its features; without these where it failed."""

    columns: "OrderedDict[str, Any]"
    failed: bool = False


@dataclass(frozen=True)
class Work:
    """What is done with every case: extracted, kept in a folder of results if there is one, told of in a log."""

    extractor: RadiomicsFeatureExtractor
    folder: Path | None
    log: Log


def is_batch(path: str) -> bool:
    """Whether an input is a CSV file with a case per row."""
    return path.endswith(".csv")


def read_cases(given: str, mask: str | None) -> list[Case]:
    """The case of an image and its mask, or those of a CSV file, whose paths are relative to it.

    Raises InputError for an image without a mask, and for a file that cannot be read or has no column Image or Mask.
    """
    if not is_batch(given):
        if mask is None:
            raise InputError(f"{Path(given).name}: no mask is given; add its path, or give a .csv file of cases")
        return [Case(1, {"Image": given, "Mask": mask})]
    rows, name = _rows(Path(given)), Path(given).name
    whole = [(line, row) for line, row in enumerate(rows, start=2) if all(row[kind] is not None for kind in REQUIRED)]
    for line in sorted({*range(2, len(rows) + 2)} - {line for line, _ in whole}):
        told.warning("%s: line %d has no Image or no Mask, and is left out", name, line)
    return [Case(number, _absolute(row, Path(given).parent)) for number, (_, row) in enumerate(whole, start=1)]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            columns, rows = reader.fieldnames or (), list(reader)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror}; check its path") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: this is no CSV file in UTF-8: {error}") from None
    for kind in REQUIRED:
        if kind not in columns:
            raise InputError(f"{path.name}: there is no column {kind}; give it columns Image and Mask")
    return [{name: value for name, value in row.items() if name} for row in rows]


def _absolute(row: dict[str, str], folder: Path) -> dict[str, str]:
    return row | {kind: os.path.abspath(folder / row[kind]) for kind in REQUIRED}


def results_of(cases: Sequence[Case], work: Work, *, jobs: int) -> list[Result]:
    """The results of all cases, in their order; a case that fails is told of, and the others go on."""
    processes = min(jobs, len(cases))
    if processes <= 1:
        return [_result(case, work) for case in cases]
    begin = partial(Log.begin, work.log)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin) as pool:
        waiting = [(case, pool.submit(_result, case, work)) for case in cases]
        return [_awaited(case, future) for case, future in waiting]


def _awaited(case: Case, future: "Future[Result]") -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        told.error("case %d: its process ended, perhaps for want of memory; give fewer --jobs", case.number)
        return Result(OrderedDict(case.columns), failed=True)


def _result(case: Case, work: Work) -> Result:
    """The result of a case, whatever happens."""
    told.info("case %d: begun", case.number)
    try:
        return Result(_columns(case, work))
    except VoxmillError as error:
        told.error("case %d: %s", case.number, error)
    except Exception:  # a mistake of ours in one case is no reason to lose the others
        told.exception("case %d: failed by a mistake in Voxmill, not yours; report what follows", case.number)
    return Result(OrderedDict(case.columns), failed=True)


def _columns(case: Case, work: Work) -> "OrderedDict[str, Any]":
    """The columns of a case with its features: read where they are kept already, or else extracted."""
    kept = None if work.folder is None else work.folder / f"features_{case.number}.csv"
    if kept is not None and kept.is_file():
        return _read(kept)
    label, channel = (_whole(name, case.columns.get(name)) for name in ("Label", "Label_channel"))
    features = work.extractor.execute(case.columns["Image"], case.columns["Mask"], label, channel)
    columns = OrderedDict(case.columns) | features
    if kept is not None:
        _keep(columns, kept)
    return columns


def _read(kept: Path) -> "OrderedDict[str, Any]":
    with kept.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != 1:
        raise InputError(f"{kept.name}: holds no result of one case; delete it")
    told.info("%s: read", kept.name)
    return OrderedDict(rows[0])


def _keep(columns: "OrderedDict[str, Any]", path: Path) -> None:
    with draft_of(path, follow=True) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerow(columns)


def _whole(name: str, text: str | None) -> int | None:
    """The number in a column that may be empty."""
    try:
        return int(text) if text else None
    except ValueError:
        raise InputError(f"column {name}: a whole number is needed; found {brief(text)}") from None
