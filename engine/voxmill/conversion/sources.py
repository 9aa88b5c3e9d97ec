"""A file, a folder or a table → the cases to convert."""

from collections.abc import Mapping
from pathlib import Path

from voxmill.conversion.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources
from voxmill.conversion.tables import IMAGE, Row, read_rows
from voxmill.errors import InputError
from voxmill.io.fetching import fetched
from voxmill.io.formats import names_a_format
from voxmill.io.remote import Location, Remote, located
from voxmill.privacy import Pseudonyms

MASK = "mask"
CASE = ("case", "id", "patient", "patientid")
"""Columns that name a case; the first one there counts. PyRadiomics' batch files have ID."""
LABELS = ("label", "label_channel")
"""Columns of PyRadiomics' batch files that say what is measured."""
EVERY_LABEL = (
    "the columns Label and Label_channel choose nothing here: a store keeps every label of a mask; choose when you "
    "measure: voxmill extract STORE --label LABEL"
)
TABLES = (".csv", ".parquet")


def find_cases(source: Location, pseudonyms: Pseudonyms) -> Sources:
    """The cases in a table of images and masks, in an image file, or in a file or folder of DICOM.

    A table has a row per case: a column `image` (or several: `image:t1` …), `mask`, and `case`, all but the first
    optional; PyRadiomics' batch files are such tables, and rows that differ in their label alone are one case. Paths in
    it are relative to it, or URLs. Of DICOM, a case is a study. Raises InputError where there is no such path or URL,
    no image in it, or a table that makes no sense.
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
    """The cases of a table; a row that is none, and one of a case that was named before with other files, is left out.

    Rows of one case with the same files are one: PyRadiomics' batch files have a row per label.
    """
    cases: dict[str, CaseSource] = {}
    left_out: list[LeftOut] = []
    with fetched([table]) as (local,):
        rows = read_rows(local)
    for number, row in enumerate(rows, start=1):
        try:
            case = _of_row(row, number, table.parent, pseudonyms)
        except InputError as error:
            left_out.append(LeftOut("", f"row {number}: {error}", "row"))
            continue
        first = cases.setdefault(case.name, case)
        if first is not case and first.described != case.described:
            left_out.append(_named_twice(case, first))
    labelled = any(row.get(name) for row in rows if isinstance(row, Mapping) for name in LABELS)
    return Sources(tuple(cases.values()), tuple(left_out), (EVERY_LABEL,) if labelled else ())


def _named_twice(case: CaseSource, first: CaseSource) -> LeftOut:
    before = first.place.partition(":")[0]
    sentence = f"{case.place}{before} has this case with other files; give each a case of its own (column 'case')"
    return LeftOut(case.name, sentence, "repeated case", place=case.images[0].files[0])


def _of_row(row: Row, number: int, folder: Location, pseudonyms: Pseudonyms) -> CaseSource:
    """The case of a row, whose images share its mask; raises InputError where it has none, or leads elsewhere."""
    if isinstance(row, InputError):
        raise row
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
