"""A store → rows: every image of every case in every mask that it has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from voxmill.errors import VoxmillError
from voxmill.extraction import extract, parse_device, parse_threads
from voxmill.settings import Settings, parse_settings
from voxmill.store import Store, StoredImage, StoredMask
from voxmill.table import Row, Table

Labels = int | str | Iterable[int | str] | None
Measured = Callable[[StoredImage, StoredMask], tuple[Row, ...]]


def extract_store(
    store: Store,
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    labels: Labels = None,
    cases: Iterable[str] | None = None,
    device: str = "auto",
    threads: int = 1,
    done: Callable[[str], None] = lambda _: None,
    bare: Callable[[str], None] = lambda _: None,
) -> Table:
    """The features of every region of a store, case after case: as `extract` gives them for image and mask.

    `cases` are the names of those that are wanted; all of them when None, those that were interrupted included, whose
    rows say so. `done` is called with the name of every case that is finished, `bare` with that of every image
    that has no mask in the store, and so no row. A row's case is the name of the case;
    of several images or masks it goes on with theirs: `case/image/mask`.

    What cannot be measured is a row with an error; the others go on. Raises InputError when the store cannot be read or
    has no such case, SettingsError for settings that make no sense.
    """
    settings, threads = parse_settings(settings), parse_threads(threads)
    parse_device(device)
    chosen = labels if labels is None or isinstance(labels, int | str) else tuple(labels)

    def measured(image: StoredImage, mask: StoredMask) -> tuple[Row, ...]:
        return extract(image, mask, settings=settings, labels=chosen, threads=threads).rows

    rows: list[Row] = []
    for name in wanted_cases(store, cases):
        rows += _of_case(store, name, measured, bare)
        done(name)
    return Table(tuple(rows), settings)


def wanted_cases(store: Store, cases: Iterable[str] | None = None) -> tuple[str, ...]:
    """The names of the cases to measure, each once; raises InputError for one that is not in the store."""
    there = (*store.names, *store.incomplete)
    if cases is None:
        return there
    wanted = tuple(dict.fromkeys(cases))
    for name in wanted:
        if name not in there:
            store.case(name)
    return wanted


def _of_case(store: Store, name: str, measured: Measured, bare: Callable[[str], None]) -> Iterator[Row]:
    """The rows of a case, or one that says why there are none."""
    try:
        case = store.case(name)
        images, interrupted = case.images, case.incomplete
    except VoxmillError as error:
        yield _failed(name, error)
        return
    for one in interrupted:
        yield _failed(name, f"{one}: the image was not written to its end; convert the case again")
    if not images and not interrupted:
        yield _failed(name, "the case has no image; convert it again")
    for image in images:
        yield from _of_image(image.renamed(f"{name}/{image.name}" if len(images) > 1 else name), measured, bare)


def _of_image(image: StoredImage, measured: Measured, bare: Callable[[str], None]) -> Iterator[Row]:
    """The rows of an image in each of its masks."""
    try:
        masks = image.masks
    except VoxmillError as error:
        yield _failed(image.name, error)
        return
    if not masks:
        bare(image.name)
    for mask in masks:
        own = image.renamed(f"{image.name}/{mask.name}" if len(masks) > 1 else image.name)
        try:
            yield from measured(own, mask)
        except VoxmillError as error:
            yield _failed(own.name, error)


def _failed(case: str, reason: VoxmillError | str) -> Row:
    return Row(case, "", {}, error=str(reason))
