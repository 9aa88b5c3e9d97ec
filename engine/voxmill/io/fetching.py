"""Files at URLs on this machine, while they are needed; and what tells whether they have changed."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from voxmill.io.formats import parts_of
from voxmill.io.remote import Location, Remote, Stamp
from voxmill.io.scratch import scratch
from voxmill.io.storage import persistently, reaching
from voxmill.passing import Unreachable


def stamps_of(place: Location) -> list[Stamp]:
    """The stamp of every file that an image or mask lies in; 0 for one that cannot be reached: reading it says why."""
    if isinstance(place, Path):
        return [_stamp(path) for path in parts_of(place)]
    try:
        return [part.stamp for part in place.parts]
    except Unreachable:
        return [(place.name, 0, 0)]


def is_there(place: Location) -> bool:
    """Whether there is something at a path or URL."""
    try:
        return place.exists() if isinstance(place, Path) else bool(place.about)
    except Unreachable:
        return False


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, status.st_size, status.st_mtime_ns


@contextmanager
def fetched(places: Sequence[Location]) -> Iterator[tuple[Path, ...]]:
    """Files and folders on this machine: those at URLs as copies, with what belongs to each, which are gone afterwards.

    Raises Unreachable for what cannot be fetched, or is larger than the temporary folder has room for; OutputError when
    that is full.
    """
    remote = [place for place in places if isinstance(place, Remote)]
    if not remote:
        yield tuple(place for place in places if isinstance(place, Path))
        return
    with scratch() as folder:
        copies = {place: folder / str(number) / place.name for number, place in enumerate(remote)}
        for place, copy in copies.items():
            _refuse_leading_out(place, copy)
        with reaching(remote[0].name):
            pairs = [pair for place, copy in copies.items() for pair in _pairs(place, copy)]
            _refuse_too_large(remote[0].name, sum(part.size for part, _ in pairs), folder)
            _copy(pairs)
        yield tuple(copies[place] if isinstance(place, Remote) else place for place in places)


def _pairs(place: Remote, copy: Path) -> Iterator[tuple[Remote, Path]]:
    """Every file that belongs to a place, and where its copy goes."""
    if not place.is_folder:
        yield from ((part, copy.with_name(part.name)) for part in place.parts)
        return
    depth = len(place.path.parts)
    for part in place.files:
        target = copy.joinpath(*part.path.parts[depth:])
        _refuse_leading_out(part, target)
        yield part, target


def _refuse_leading_out(place: Remote, target: Path) -> None:
    """An archive may hold names that lead out of the folder that it is unpacked into."""
    if ".." in target.parts or "\\" in place.name:
        raise Unreachable(f"{place.name}: this name leads out of its folder, and is not followed; rename the file")


def _refuse_too_large(name: str, size: int, folder: Path) -> None:
    """A member of an archive may hold a thousand times the bytes of the archive."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise Unreachable(
            f"{name}: {size} bytes are to be fetched, and the temporary folder has room for {free}; name one with more "
            "in TMPDIR and run the command again"
        )


def _copy(pairs: Sequence[tuple[Remote, Path]]) -> None:
    """Fetch files, those of one storage together."""
    of_storage: dict[int, tuple[Any, list[str], list[str]]] = {}
    taken: set[Path] = set()
    for remote, target in pairs:
        system, path = remote.storage
        if target in taken:
            raise Unreachable(f"{target.name}: two files at its URL have this name; rename one of them")
        taken.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _, sources, targets = of_storage.setdefault(id(system), (system, [], []))
        sources.append(path)
        targets.append(str(target))
    for system, sources, targets in of_storage.values():
        persistently(partial(system.get, sources, targets))
