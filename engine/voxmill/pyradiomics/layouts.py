"""The layouts of PyRadiomics' command line: csv, json and txt."""

import csv
import json
import math
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

Columns = OrderedDict[str, Any]


@dataclass(frozen=True)
class Layout:
    """How results are written.

    form: csv, json or txt. paths: absolute, relative (to `start`) or basename. unix: with / in paths. skip_nans:
    without features that are undefined.
    """

    form: str
    paths: str
    start: str
    unix: bool
    skip_nans: bool


def write(results: Sequence[Columns], layout: Layout, out: TextIO) -> None:
    """Write the columns of every case; those that the first one lacks come last."""
    cases = [_laid_out(columns, layout) for columns in results]
    if layout.form == "csv":
        _write_csv(cases, _headers(results), out)
    elif layout.form == "json":
        json.dump(cases, out, default=_plain, indent=2)
    else:
        for number, columns in enumerate(cases, start=1):
            out.writelines(f"Case-{number}_{name}: {value}\n" for name, value in columns.items())


def _write_csv(cases: Sequence[Columns], headers: list[str], out: TextIO) -> None:
    writer = csv.DictWriter(out, headers, lineterminator="\n")
    if cases:
        writer.writeheader()
    writer.writerows(cases)


def _headers(results: Sequence[Columns]) -> list[str]:
    """Those of the first case, then all others by name."""
    first = list(results[0]) if results else []
    return first + sorted({name for columns in results for name in columns} - set(first))


def _laid_out(columns: Columns, layout: Layout) -> Columns:
    return OrderedDict(
        (name, _path(str(value), layout) if name in ("Image", "Mask") else value)
        for name, value in columns.items()
        if not (layout.skip_nans and _is_nan(value))
    )


def _path(path: str, layout: Layout) -> str:
    if layout.paths == "basename":
        written = os.path.basename(path)
    elif layout.paths == "relative":
        written = os.path.relpath(path, layout.start)
    else:
        written = os.path.abspath(path)
    return written.replace(os.path.sep, "/") if layout.unix else written


def _is_nan(value: object) -> bool:
    return isinstance(value, float | np.ndarray) and math.isnan(float(value))


def _plain(value: object) -> object:
    """A value of NumPy as JSON can hold it, anything else as text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
