"""A file, a folder or a table → the cases to convert."""

import csv
from collections.abc import Mapping
from pathlib import Path

from voxmill.conversion.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources
from voxmill.errors import InputError
from voxmill.io.fetching import fetched
from voxmill.io.formats import names_a_format
from voxmill.io.remote import Location, Remote, located
from voxmill.privacy import Pseudonyms

IMAGE, MASK = "image", "mask"
CASE = ("case", "id", "patient", "patientid")
"""Columns that name a case; the first one there counts. PyRadiomics' batch files have ID."""
TABLES = (".csv", ".parquet")


def find_cases(source: Location, pseudonyms: Pseudonyms) -> Sources:
    """The cases in a table of images and masks, in an image file, or in a file or folder of DICOM.

    A table has a row per case: a column `image` (or several: `image:t1` …), `mask`, and `case`, all but the first
    optional; PyRadiomics' batch files are such tables. Paths in it are relative to it, or URLs. Of DICOM, a case is a
    study. Raises InputError where there is no such path or URL, no image in it, or a table that makes no sense.
    """
    is_folder = source.is_folder if isinstance(source, Remote) else source.is_dir()
    if isinstance(source, Path) and not source.exists():
        raise InputError(f"{source.name}: there is no such file or folder; check the path")
    if source.name.lower().endswith(TABLES) and not is_folder:
        return _of_table(source, pseudonyms)
    if is_folder or _looks_like_dicom(source):
        from voxmill.conversion.studies import find_studies

        return find_studies(source, pseudonyms)
    return Sources((CaseSource(pseudonyms.of("case", source.name), (ImageSource(IMAGE, (source,)),)),))


def _looks_like_dicom(file: Location) -> bool:
    """Whether a file begins as DICOM; at a URL, whether it is not called like another format."""
    from voxmill.io.dicom.headers import looks_like_dicom

    return looks_like_dicom(file) if isinstance(file, Path) else not names_a_format(file.name)


def _of_table(table: Location, pseudonyms: Pseudonyms) -> Sources:
    """The cases of a table; a row without an image and one whose case was named before are left out."""
    cases: dict[str, CaseSource] = {}
    left_out: list[LeftOut] = []
    with fetched([table]) as (local,):
        rows = _rows(local)
    for number, row in enumerate(rows, start=1):
        try:
            case = _of_row(row, number, table.parent, pseudonyms)
        except InputError as error:
            left_out.append(LeftOut("", f"row {number}: {error}"))
            continue
        if case.name in cases:
            before = cases[case.name].place.partition(":")[0]
            left_out.append(
                LeftOut(case.name, f"{case.place}{before} has this case; give each one of its own ('case')")
            )
        else:
            cases[case.name] = case
    return Sources(tuple(cases.values()), tuple(left_out))


def _rows(table: Path) -> list[Mapping[str, str]]:
    """The rows of a table, by lower-case column names, without the spaces around names and values."""
    rows = _parquet(table) if table.suffix.lower() == ".parquet" else _csv(table)
    columns = [name.strip().lower() for name in rows[0]] if rows else []
    if not any(name.partition(":")[0] == IMAGE for name in columns):
        there = f"its columns are {', '.join(columns)}" if columns else "it has no rows"
        raise InputError(f"{table.name}: a table of cases has a column 'image', and {there}; add it")
    return [{str(name).strip().lower(): (value or "").strip() for name, value in row.items()} for row in rows]


def _csv(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            return [{name: value for name, value in row.items() if name} for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{table.name}: this table cannot be read ({error}); save it as CSV in UTF-8") from None


def _parquet(table: Path) -> list[dict[str, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(table).to_pylist()
    except (OSError, pa.ArrowException):
        raise InputError(f"{table.name}: this Parquet file is damaged, or it is none; write it again") from None
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


def _of_row(row: Mapping[str, str], number: int, folder: Location, pseudonyms: Pseudonyms) -> CaseSource:
    """The case of a row, whose images share its mask; raises InputError where it has none, or leads elsewhere."""
    values = {name: value for name, value in row.items() if value}
    paths = {
        name.partition(":")[2] or IMAGE: located(value, folder)
        for name, value in values.items()
        if name.partition(":")[0] == IMAGE
    }
    if not paths:
        raise InputError("it has no image; fill in its column")
    first = next(iter(paths.values()))
    masks = (MaskSource(MASK, located(values[MASK], folder)),) if MASK in values else ()
    called = next((values[name] for name in CASE if name in values), first.name.partition(".")[0])
    images = tuple(ImageSource(name, (path,), masks) for name, path in paths.items())
    return CaseSource(pseudonyms.of("case", called), images, {}, frozenset({called}), f"row {number}: ")
