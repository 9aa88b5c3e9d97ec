"""A file, a folder or a table → its cases, by the names that stand for them."""

from pathlib import Path

from voxmill.discovery.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources
from voxmill.discovery.tables import IMAGE, MASK, Listed, is_table, read_sheet
from voxmill.errors import InputError
from voxmill.privacy import Pseudonyms


def find_cases(source: Path, pseudonyms: Pseudonyms) -> Sources:
    """The cases in a table of images and masks, in an image file, or in a file or folder of DICOM.

    A table has a row per case: a column `image` (or several: `image:t1` …), `mask`, and `case`, all but the first
    optional; PyRadiomics' batch files are such tables. Paths in it are relative to it. Of DICOM, a case is a study.
    Raises InputError where there is no such path, no image in it, or a table that makes no sense.
    """
    from voxmill.io.dicom.headers import looks_like_dicom

    if not source.exists():
        raise InputError(f"{source.name}: there is no such file or folder; check the path")
    if is_table(source):
        return _of_table(source, pseudonyms)
    if source.is_dir() or looks_like_dicom(source):
        from voxmill.discovery.studies import find_studies

        return find_studies(source, pseudonyms)
    return Sources((CaseSource(pseudonyms.of("case", source.name), (ImageSource(IMAGE, (source,)),)),))


def _of_table(table: Path, pseudonyms: Pseudonyms) -> Sources:
    """The cases of a table; a row without an image and one whose case was named before are left out."""
    cases: dict[str, CaseSource] = {}
    left_out: list[LeftOut] = []
    for row in read_sheet(table).rows:
        if not row.images:
            left_out.append(LeftOut("", f"{row.place}it has no image; fill in its column"))
            continue
        case = _of_row(row, table.parent, pseudonyms)
        if case.name in cases:
            before = cases[case.name].place.partition(":")[0]
            left_out.append(
                LeftOut(case.name, f"{case.place}{before} has this case; give each one of its own ('case')")
            )
        else:
            cases[case.name] = case
    return Sources(tuple(cases.values()), tuple(left_out))


def _of_row(row: Listed, folder: Path, pseudonyms: Pseudonyms) -> CaseSource:
    """The case of a row that has images; they share its mask."""
    called = row.case or Path(next(iter(row.images.values()))).name.partition(".")[0]
    return CaseSource(pseudonyms.of("case", called), images_of(row, folder), {}, frozenset({called}), row.place)


def images_of(row: Listed, folder: Path) -> tuple[ImageSource, ...]:
    """The images of a row, whose paths are relative to a folder, each with its mask."""
    masks = (MaskSource(MASK, folder / row.mask),) if row.mask else ()
    return tuple(ImageSource(name, (folder / path,), masks) for name, path in row.images.items())
