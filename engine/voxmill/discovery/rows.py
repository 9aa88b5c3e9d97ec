"""Rows of a table that cannot be told apart: the same twice, or two images of a case by one name."""

from collections.abc import Iterable

from voxmill.discovery.calling import Naming, called, column_of, paths_of
from voxmill.discovery.tables import LABEL, MASK, Listed
from voxmill.errors import InputError, several
from voxmill.io.remote import Location


def require_once(source: str, rows: Iterable[Listed], folder: Location) -> None:
    """Raise InputError for what is there twice, by its rows."""
    first, twice = dict[tuple[object, ...], int](), list[str]()
    for row in rows:
        images = dict(paths_of(row, folder))
        chosen = images.pop(MASK, None), _plain(row.label), _plain(row.channel)
        case = called(row, folder)
        before = [first.setdefault((case, *image, *chosen), row.number) for image in images.items() or [()]]
        twice += [f"{number} and {row.number}" for number in sorted({*before} - {row.number})]
    if twice:
        raise InputError(
            f"{source}: these rows have the same case, image, mask and label: {several(twice)}; keep one of them, or "
            f"give each the number of the label that it is of, in a column '{LABEL}'"
        )


def require_apart(source: str, rows: Iterable[Listed], naming: Naming) -> None:
    """Raise InputError where two images of a case would have one name, that of a column and that of a path."""
    columns: dict[tuple[str, str], tuple[str, int]] = {}
    for row in rows:
        case = called(row, naming.folder)
        for name, path in row.images.items():
            told, column = naming.image(case, name, path), column_of(name)
            before, number = columns.setdefault((case, told), (column, row.number))
            if before != column:
                raise InputError(
                    f"{source}: the images of columns '{before}' (row {number}) and '{column}' (row {row.number}) are "
                    "of one case, and would have one name, as one has the path that another has as the name of its "
                    "column; give a column another name"
                )


def _plain(text: str) -> str:
    """A label or channel, however its number is written."""
    whole = text.partition(".")[0]
    return whole.lstrip("0") or "0" if whole.isdecimal() else text
