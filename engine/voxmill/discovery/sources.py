"""A file, a folder or a table, here or at a URL → its cases, by the names that stand for them."""

from pathlib import Path

from voxmill.discovery.calling import called
from voxmill.discovery.cases import CaseSource, Further, ImageSource, LeftOut, MaskSource, Sources
from voxmill.discovery.tables import IMAGE, MASK, Listed, is_table, read_sheet
from voxmill.errors import InputError
from voxmill.io.fetching import fetched
from voxmill.io.formats import names_a_format
from voxmill.io.remote import Location, Remote, located
from voxmill.privacy import Pseudonyms

EVERY_LABEL = (
    "the columns Label and Label_channel choose nothing here: a store keeps every label of a mask; choose when you "
    "measure: voxmill extract STORE --label LABEL"
)


def find_cases(source: Location, pseudonyms: Pseudonyms) -> Sources:
    """The cases in a table of images and masks, in an image file, or in a file or folder of DICOM.

    A table has a row per case: a column `image` (or several: `image:t1` …), `mask`, and `case`, all but the first
    optional; PyRadiomics' batch files are such tables, and rows that differ in their label alone are one case. Paths in
    it are relative to it, or URLs. Of DICOM, a case is a study. Raises InputError where there is no such path or URL,
    no image in it, or a table that makes no sense.
    """
    if isinstance(source, Path) and not source.exists():
        raise InputError(f"{source.name}: there is no such file or folder; check the path")
    if is_table(source):
        return _of_table(source, pseudonyms)
    if (source.is_folder if isinstance(source, Remote) else source.is_dir()) or _looks_like_dicom(source):
        from voxmill.discovery.studies import find_studies

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
    rows: dict[str, list[int]] = {}
    left_out: list[LeftOut] = []
    with fetched([table]) as (local,):
        sheet = read_sheet(local)
    is_labelled = False
    for row in sheet.rows:
        is_labelled = is_labelled or bool(row.label or row.channel)
        try:
            case = _of_row(row, table.parent, pseudonyms)
        except InputError as error:
            left_out.append(LeftOut("", f"{row.place}{error}", "row"))
            continue
        first = cases.setdefault(case.name, case)
        if first is not case and first.described != case.described:
            left_out.append(_named_twice(case, first))
        else:
            rows.setdefault(case.name, []).append(row.number - 1)
    notes = (EVERY_LABEL,) if is_labelled else ()
    return Sources(tuple(cases.values()), tuple(left_out), notes, Further(sheet.further, rows))


def _named_twice(case: CaseSource, first: CaseSource) -> LeftOut:
    before = first.place.partition(":")[0]
    sentence = f"{case.place}{before} has this case with other files; give each a case of its own (column 'case')"
    return LeftOut(case.name, sentence, "repeated case", place=case.images[0].files[0])


def _of_row(row: Listed, folder: Location, pseudonyms: Pseudonyms) -> CaseSource:
    """The case of a row, whose images share its mask; raises InputError where it has none, or leads elsewhere."""
    if row.fault or not row.images:
        raise InputError(row.fault or "it has no image; fill in its column")
    images = images_of(row, folder, keep_names=pseudonyms.keep_ids)
    name = called(row, folder)
    return CaseSource(pseudonyms.of("case", name), images, {}, frozenset({name}), row.place)


def images_of(row: Listed, folder: Location, *, keep_names: bool) -> tuple[ImageSource, ...]:
    """The images of a row, whose paths are relative to a folder, each with its mask; keep_names: as a mask has it.

    Raises InputError for a path that leads out of a folder at a URL.
    """
    images = {name: located(path, folder) for name, path in row.images.items()}
    beside = tuple(images.values())
    masks = (MaskSource(MASK, located(row.mask, folder), images=beside, keep_names=keep_names),) if row.mask else ()
    return tuple(ImageSource(name, (place,), masks, keep_names=keep_names) for name, place in images.items())
