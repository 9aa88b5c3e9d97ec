"""`voxmill inspect`: what is in a file, a folder or a store, and what a source still carries of a person."""

# No `from __future__ import annotations` here: typer reads the annotations.
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voxmill.confidentiality import Finding
    from voxmill.grid import Grid
    from voxmill.io.dicom import Series

Line = tuple[str, ...]


def inspect(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="An image or DICOM file, a folder of DICOM, or a store.")
    ],
    *,
    privacy: Annotated[
        bool,
        typer.Option(
            "--privacy",
            help="What the headers still carry: identifying attributes (DICOM PS3.15, basic profile), private ones, "
            "what may be burnt into pixels, free text.",
        ),
    ] = False,
) -> None:
    """Show what is in a file, a folder or a store."""
    from voxmill.cli.show import show_lines
    from voxmill.errors import InputError, why_not_there

    if not path.exists():
        raise InputError(f"{path.name}: {why_not_there(path, 'there is no such file or folder; check the path')}")
    head, lines = _listing(path, privacy=privacy)
    show_lines(head, list(lines))


def _listing(path: Path, *, privacy: bool) -> tuple[Line, Iterable[Line]]:
    """Titles of columns, and the lines under them."""
    from voxmill.errors import SettingsError
    from voxmill.io.files import name_of
    from voxmill.store import is_store

    if privacy and is_store(path):
        raise SettingsError(
            f"{name_of(path)}: --privacy is for what is to be converted, and this is a store, which holds a short list "
            "of attributes alone (its index.parquet shows them); leave it out"
        )
    if privacy:
        return ("what", "where", "files"), _carried(path)
    if is_store(path):
        return ("case", "image", "voxels", "spacing mm", "type", "masks"), _in_store(path)
    if path.is_dir() or _is_dicom(path):
        return ("series", "modality", "description", "files", "voxels", "spacing mm", "read"), _in_folder(path)
    return ("file", "voxels", "spacing mm", "type"), _in_file(path)


def _is_dicom(path: Path) -> bool:
    from voxmill.io.dicom.headers import looks_like_dicom

    return looks_like_dicom(path)


def _place(grid: "Grid") -> Line:
    """Voxels and spacing along x, y, z."""
    shape, spacing = grid.shape[::-1][: grid.dimensions], grid.spacing[: grid.dimensions]
    return " × ".join(map(str, shape)), " × ".join(f"{one:.4g}" for one in spacing)


def _in_store(path: Path) -> Iterator[Line]:
    from voxmill.store import open_store

    store = open_store(path)
    for case in store.cases:
        for image in case.images:
            masks = "; ".join(f"{mask.name}: {', '.join(map(str, mask.segments))}" for mask in image.masks)
            yield case.name, image.name, *_place(image.grid), str(image.dtype), masks
    yield from ((name, "not written to its end", "", "", "", "") for name in store.incomplete)
    if store.unfinished is not None:
        yield str(store.unfinished), "", "", "", "", ""


def _in_folder(path: Path) -> Iterator[Line]:
    from voxmill.errors import InputError
    from voxmill.io.dicom import survey
    from voxmill.io.files import name_of

    found = survey(path)
    if not found.series and not found.failures:
        raise InputError(
            f"{name_of(path)}: there are no DICOM files in it; give a folder that has some, or an image file"
        )
    for series in found.series:
        about = (str(series.number or ""), series.modality, series.description, str(len(series.files)))
        yield (*about, *_of_series(series))
    yield from (("", "", one.path.name, "1", "", "", one.reason) for one in found.failures)


def _of_series(series: "Series") -> Line:
    """Where its voxels lie, and whether it can be read."""
    from voxmill.errors import VoxmillError
    from voxmill.io.dicom.reading import stack_of_series

    if not series.is_image:
        return "", "", "a mask" if series.modality in ("SEG", "RTSTRUCT") else "not an image of CT, MR or PET"
    try:
        stack = stack_of_series(series)
    except VoxmillError as error:
        return "", "", str(error)
    return *_place(stack.grid), "; ".join(stack.notes) or "yes"


def _in_file(path: Path) -> Iterator[Line]:
    from voxmill.io import read_image

    image = read_image(path)
    yield path.name, *_place(image.grid), str(image.dtype)


def _carried(path: Path) -> list[Line]:
    """What is carried, and in how many files; and how many were not looked at."""
    from voxmill.errors import InputError
    from voxmill.io.files import name_of

    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{name_of(path)}: there are no files in it; give a folder that has some")
    counts = Counter(finding for file in files for finding in _findings(file))
    ordered: Sequence[tuple[Finding, int]] = sorted(counts.items(), key=lambda item: (item[0].kind, item[0].where))
    return [(finding.kind, finding.where, str(times)) for finding, times in ordered]


def _findings(path: Path) -> tuple["Finding", ...]:
    """What a file carries: of DICOM, or of another format; a finding of its own for one that cannot be looked at."""
    from voxmill.confidentiality import Finding, carried, carried_texts
    from voxmill.errors import InputError
    from voxmill.io.dicom.headers import looks_like_dicom, read_any_header
    from voxmill.io.texts import header_texts

    try:
        if looks_like_dicom(path):
            return carried(read_any_header(path).dataset)
        return carried_texts(header_texts(path))
    except InputError:
        return (Finding("not looked at", "a file that is damaged, or of another kind"),)
