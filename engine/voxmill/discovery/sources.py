"""A file, a folder or a table, here or at a URL → its cases, by the names that stand for them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from voxmill.discovery.calling import Naming, called, differing, paths_of
from voxmill.discovery.cases import CaseSource, Further, ImageSource, LeftOut, MaskSource, Sources
from voxmill.discovery.rows import require_apart, require_once
from voxmill.discovery.tables import IMAGE, Listed, is_table, read_sheet
from voxmill.errors import InputError, several, why_not_there
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
    optional; PyRadiomics' batch files are such tables. Rows of one case are one: images and masks in which they differ
    are called by their paths, or by what stands for these. Paths in a table are relative to it, or URLs. Of DICOM, a
    case is a study. Raises InputError where there is no such path or URL, no image in it, or a table that makes no
    sense.
    """
    if isinstance(source, Path) and not source.exists():
        raise InputError(f"{source.name}: {why_not_there(source, 'there is no such file or folder; check the path')}")
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
    """The cases of a table; a row that is none is left out."""
    listed: list[Listed] = []
    left_out: list[LeftOut] = []
    with fetched([table]) as (local,):
        sheet = read_sheet(local)
    for row in sheet.rows:
        try:
            _require_whole(row, table.parent)
        except InputError as error:
            left_out.append(LeftOut("", f"{row.place}{error}", "row"))
        else:
            listed.append(row)
    require_once(table.name, listed, table.parent)
    naming = Naming(table.parent, differing(listed, table.parent), pseudonyms.of)
    require_apart(table.name, listed, naming)
    cases: dict[str, CaseSource] = {}
    rows: dict[str, list[int]] = {}
    for row in listed:
        case = _of_row(row, naming, pseudonyms)
        cases[case.name] = cases[case.name].joined(case) if case.name in cases else case
        rows.setdefault(case.name, []).append(row.number - 1)
    notes = (EVERY_LABEL,) if any(row.label or row.channel for row in listed) else ()
    placed = tuple(replace(case, place=_place(rows[name])) for name, case in cases.items())
    return Sources(placed, tuple(left_out), notes, Further(sheet.further, rows))


def _place(rows: Sequence[int]) -> str:
    """Where the rows of a case stand, for messages."""
    numbers = [row + 1 for row in rows]
    return f"row {numbers[0]}: " if len(rows) == 1 else f"rows {several(numbers, separator=', ')}: "


def _require_whole(row: Listed, folder: Location) -> None:
    """Raise InputError for a row that has no image, or leads elsewhere."""
    if row.fault or not row.images:
        raise InputError(row.fault or "it has no image; fill in its column")
    paths_of(row, folder)


def _of_row(row: Listed, naming: Naming, pseudonyms: Pseudonyms) -> CaseSource:
    """The case of a row, whose images share its mask."""
    name, images = called(row, naming.folder), images_of(row, naming, keep_names=pseudonyms.keep_ids)
    return CaseSource(pseudonyms.of("case", name), images, {}, frozenset({name}))


def images_of(row: Listed, naming: Naming, *, keep_names: bool) -> tuple[ImageSource, ...]:
    """The images of a row, whose paths are relative to the folder of its table, each with its mask.

    keep_names: as a mask has it. Raises InputError for a path that leads out of a folder at a URL.
    """
    case, folder = called(row, naming.folder), naming.folder
    images = {name: located(path, folder) for name, path in row.images.items()}
    masks: tuple[MaskSource, ...] = ()
    if row.mask:
        name, beside = naming.mask(case, row.mask), tuple(images.values())
        masks = (MaskSource(name, located(row.mask, folder), images=beside, keep_names=keep_names),)
    return tuple(
        ImageSource(naming.image(case, name, row.images[name]), (place,), masks, keep_names=keep_names)
        for name, place in images.items()
    )
