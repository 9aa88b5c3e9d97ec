"""A store, a table or a folder tree → the cases of a cohort, made as they are needed."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from voxmill.cohort.apart import NOTHING, Apart
from voxmill.cohort.cases import Choosing, CohortCase, FileCase, StoreCase
from voxmill.cohort.layout import FOLDER, STORE, TABLE
from voxmill.cohort.lost import lost_in
from voxmill.cohort.stored import wanted_cases
from voxmill.columns import require_free
from voxmill.discovery.calling import Naming, called, differing
from voxmill.discovery.cases import CaseSource, ImageSource, LeftOut
from voxmill.discovery.rows import require_apart, require_once
from voxmill.discovery.sources import find_cases, images_of
from voxmill.discovery.tables import CHANNEL, LABEL, MASK, Listed, Sheet, is_table, read_sheet
from voxmill.errors import InputError, SettingsError, brief, several, why_not_there
from voxmill.io.files import name_of
from voxmill.privacy import Pseudonyms

if TYPE_CHECKING:
    import pyarrow as pa

MADE = "no case of it is called so; without --keep-ids names that are made with a key stand for cases: "
NOT_CALLED: Mapping[str, str] = {
    TABLE: "no case of it is called so",
    FOLDER: f"{MADE}study-…",
    STORE: f"{MADE}case-… or study-…; index.parquet in the store has them",
}
"""What is said of a pattern that no case matches, by the kind of the cohort."""
LOOKED_AT = 1_000
"""Rows of a table whose paths are looked at before work begins."""
WHOLE = re.compile(r"(\d{1,18}(\.0*)?)?")
"""A label or channel, or none; pandas writes 1 as 1.0 where another row has none."""
Placed = tuple[int, CohortCase]
"""A case and its place in its source, from 0."""


@dataclass(frozen=True)
class Wanted:
    """Which cases of a cohort are wanted.

    only: a pattern of names (`*`, `?`, `[ab]`). limit: how many at most. skip_missing: whether images of a table
    whose files are not there are left out. Raises SettingsError for a limit that is none.
    """

    only: str | None = None
    limit: int | None = None
    skip_missing: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise SettingsError(f"limit: at least 1 case; found {self.limit}")

    @property
    def told(self) -> Mapping[str, int | bool | None]:
        """What was wanted; of the pattern, only whether there was one: it may hold a name."""
        return {"only": self.only is not None, "limit": self.limit, "skip_missing": self.skip_missing}

    @property
    def is_part(self) -> bool:
        """Whether cases may be left out that could be measured."""
        return self.only is not None or self.limit is not None

    def names(self, name: str) -> bool:
        """Whether a case of this name may be wanted."""
        return self.only is None or fnmatchcase(name, self.only)

    def has_room(self, name: str, begun: Collection[str]) -> bool:
        """Whether a case of this name is wanted beside those that have begun."""
        return self.names(name) and (self.limit is None or name in begun or len(begun) < self.limit)


@dataclass(frozen=True, eq=False)
class Cohort:
    """The cases of a source.

    kind: store, table or folder. begin: its cases from the first on, none held; of a table a row each, of which several
    may be of one case. rows, count: how many these are, and how many cases by name; fewer where rows are left out.
    further: columns that are carried through. apart: what of it is not measured. missing: the images come upon so far
    that are left out, as their files are not there.
    """

    kind: str
    begin: Callable[[], Iterator[Placed]]
    rows: int
    count: int
    further: "pa.Table | None" = None
    apart: Apart = NOTHING
    missing: list[LeftOut] = field(default_factory=list)

    def __iter__(self) -> Iterator[Placed]:
        return self.begin()


def find_cohort(
    source: Path, wanted: Wanted, pseudonyms: Callable[[], Pseudonyms], *, keep_ids: bool = False
) -> Cohort:
    """The cases that are wanted of a store, a table or a folder tree of DICOM.

    A table has a row per case, or, as PyRadiomics' batch files, several that differ in their files or in Label: columns
    `image` (or `image:t1` …) and `mask`, paths relative to it, and `case`, or else a case is called by its first image.
    Images and masks in which rows of a case differ are called by their paths. `pseudonyms` are asked for where names
    are made of DICOM. keep_ids: whether regions of DICOM masks in a table may be called by what identifies a person.
    Raises InputError where there is no such path or no case in it, and for a table that makes no sense: columns
    missing, the same twice, or, in its first rows, paths that lead nowhere (with `skip_missing`, in all rows).
    """
    if not source.exists():
        raise InputError(f"{source.name}: {why_not_there(source, 'there is no such file or folder; check the path')}")
    if is_table(source):
        found = _of_table(read_sheet(source), wanted, keep_ids=keep_ids)
    elif not source.is_dir():
        raise InputError(
            f"{source.name}: a cohort is a store of voxmill convert, a table (.csv, .parquet) or a folder of DICOM; "
            "this is another file"
        )
    elif _is_store(source):
        found = _of_store(source, wanted)
    else:
        sources = find_cases(source, pseudonyms())
        found = _of_folder(source, sources.cases, wanted, tuple(one for one in sources.left_out if one.is_wanted))
    if not found.count:
        raise InputError(f"{name_of(source)}: " + (NOT_CALLED[found.kind] if wanted.only else "it has no case"))
    return found


def _is_store(source: Path) -> bool:
    """Whether it is one; a table needs nothing of stores."""
    from voxmill.store import is_store

    return is_store(source)


def _of_store(path: Path, wanted: Wanted) -> Cohort:
    from voxmill.store import open_store
    from voxmill.store.carried import carried_to, read_carried

    store = open_store(path)
    unfinished = store.unfinished
    named = [name for name in sorted(wanted_cases(store)) if wanted.names(name)]
    if not named and unfinished is not None:
        raise InputError(f"{name_of(path)}: {unfinished}")
    names = named[: wanted.limit]
    apart = lost_in(store, wanted.names) if len(names) == len(named) else NOTHING
    further = carried_to(read_carried(store.folder), names)
    begin = partial(_stored, store.folder, names)
    return Cohort(STORE, begin, len(names), len(names), further=further, apart=replace(apart, unfinished=unfinished))


def _stored(store: Path, names: Sequence[str]) -> Iterator[Placed]:
    return enumerate(StoreCase(store, name) for name in names)


def _of_folder(root: Path, sources: Sequence[CaseSource], wanted: Wanted, left_out: tuple[LeftOut, ...]) -> Cohort:
    kept = [one for one in sources if wanted.names(one.name)][: wanted.limit]
    cases = [FileCase(one, root) for one in kept]
    return Cohort(FOLDER, lambda: iter(enumerate(cases)), len(cases), len(cases), apart=Apart(left_out))


def _of_table(sheet: Sheet, wanted: Wanted, *, keep_ids: bool) -> Cohort:
    _require_columns(sheet)
    folder, missing = sheet.path.parent, list[LeftOut]()
    repeated = _repeated(sheet, folder)
    require_once(sheet.path.name, _rows_of(repeated, sheet, folder), folder)
    naming = Naming(folder, differing(_rows_of(repeated, sheet, folder), folder))
    require_apart(sheet.path.name, _rows_of(repeated, sheet, folder), naming)
    if not wanted.skip_missing:
        _require_files(sheet, folder)

    def begin() -> Iterator[Placed]:
        missing.clear()
        begun = set[str]()
        rows = (row for row in sheet.rows if wanted.has_room(called(row, folder), begun))
        cases = ((row.number - 1, _of_row(row, folder, naming, keep_ids=keep_ids)) for row in rows)
        for place, case in _together(_there(cases, missing) if wanted.skip_missing else cases, repeated):
            begun.add(case.name)
            yield place, case

    names = Counter(name for row in sheet.rows if wanted.names(name := called(row, folder)))
    rows = sum(islice(names.values(), wanted.limit))
    if wanted.skip_missing and rows and next(begin(), None) is None:
        raise InputError(
            f"{sheet.path.name}: none of its rows names files that are there; check the paths, which are relative to "
            "the table"
        )
    count = min(len(names), wanted.limit or len(names))
    return Cohort(TABLE, begin, rows, count, further=sheet.further, missing=missing)


def _there(cases: Iterator[tuple[int, FileCase]], missing: list[LeftOut]) -> Iterator[tuple[int, FileCase]]:
    """The cases, without the images whose files are not there; these are noted."""
    for place, case in cases:
        lacking = case.lacking
        missing += [LeftOut(case.name, why, "image", image=image) for image, why in lacking.items()]
        if not lacking:
            yield place, case
        elif len(lacking) < len(case.source.images):
            yield place, case.without(lacking)


def _together(cases: Iterator[tuple[int, FileCase]], repeated: Collection[str]) -> Iterator[tuple[int, FileCase]]:
    """The cases; where they have several rows, each of these with the first image that may say whose its case is."""
    firsts: dict[str, ImageSource] = {}
    for place, case in cases:
        if case.name not in repeated:
            yield place, case
            continue
        if case.name not in firsts:
            firsts |= [(case.name, image) for image in case.source.images if image.is_unlooked_at][:1]
        yield place, case.beside(firsts[case.name]) if case.name in firsts else case


def _of_row(row: Listed, folder: Path, naming: Naming, *, keep_ids: bool = False) -> FileCase:
    """The case of a row; what rows of its case do not share is called by its path."""
    label = _number(row.label)
    choosing = Choosing(None if label is None else (label,), _number(row.channel))
    images = images_of(row, naming, keep_names=keep_ids)
    return FileCase(CaseSource(called(row, folder), images), folder, choosing)


def _number(text: str) -> int | None:
    """The number of a label or channel, however it is written; None where there is none."""
    return int(text.partition(".")[0]) if text else None


def _require_columns(sheet: Sheet) -> None:
    """Raise InputError where a column is missing, or has the name of one of the result."""
    there = [name.strip() for name in sheet.table.column_names]
    if MASK not in map(str.lower, there):
        raise InputError(f"{sheet.path.name}: there is no column 'mask'; its columns are {', '.join(there)}; add it")
    if LABEL.lower() in there:
        raise InputError(
            f"{sheet.path.name}: column 'label' is called like one of the result; write '{LABEL}' where it chooses the "
            "label of a row, or rename it"
        )
    require_free(sheet.path.name, sheet.further.column_names)


def _repeated(sheet: Sheet, folder: Path) -> Collection[str]:
    """The cases that have several rows; raises InputError for rows with a fault, and for labels that are no number."""
    seen, repeated = set[str](), set[str]()
    for row in sheet.rows:
        if row.fault:
            raise InputError(f"{sheet.path.name}: {row.place}{row.fault}")
        for column, text in ((LABEL, row.label), (CHANNEL, row.channel)):
            if not WHOLE.fullmatch(text):
                raise InputError(
                    f"{sheet.path.name}: {row.place}{column}: a whole number is needed; found {brief(text)}"
                )
        case = called(row, folder)
        (repeated if case in seen else seen).add(case)
    return repeated


def _rows_of(repeated: Collection[str], sheet: Sheet, folder: Path) -> Iterator[Listed]:
    """The rows of cases that have several."""
    return (row for row in (sheet.rows if repeated else ()) if called(row, folder) in repeated)


def _require_files(sheet: Sheet, folder: Path) -> None:
    """Raise InputError where files of the first rows are not there."""
    rows = islice(sheet.rows, LOOKED_AT)
    missing = [str(row.number) for row in rows if _of_row(row, folder, Naming(folder)).lacking]
    if missing:
        of_first = f"of its first {LOOKED_AT:,} rows, " if sheet.table.num_rows > LOOKED_AT else ""
        those, name = ("row", "names") if len(missing) == 1 else ("rows", "name")
        raise InputError(
            f"{sheet.path.name}: {of_first}{those} {several(missing, separator=', ')} {name} files that are not there; "
            "check the paths, which are relative to the table, or leave such rows out with --skip-missing"
        )
