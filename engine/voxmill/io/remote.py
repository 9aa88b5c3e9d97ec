"""Files and folders at URLs: what they are called, what tells their versions apart, and copies of them while needed.

fsspec reaches them: s3://, http://, memory://, zip://FILE::URL and whatever else it knows, with the credentials that
each kind of storage finds in its environment. A URL may hold secrets (a token, a password): no message repeats one.
"""

import errno
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from voxmill.errors import InputError, OutputError, VoxmillError
from voxmill.io.formats import APART, parts_of

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
"""How a URL begins; one letter is a drive of Windows."""
WEB = ("http", "https")
VERSIONS = (
    "ETag",
    "etag",
    "mtime",
    "LastModified",
    "Last-Modified",
    "last_modified",
    "updated",
    "modified",
    "created",
    "date_time",
)
"""What tells versions of a file apart, as the kinds of storage call it; the first one there counts."""
FULL = (errno.ENOSPC, errno.EDQUOT)

Stamp: TypeAlias = tuple[str, int, int | str]
"""Name, size in bytes, and time or version of a file."""


class Unreachable(InputError):  # noqa: N818 - its name says what is the case
    """What is not at its URL, or cannot be fetched from there."""


@dataclass(frozen=True)
class About:
    """What a storage tells of a file or folder; `version` is empty where it tells none."""

    is_folder: bool
    size: int
    version: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "About":
        """The same, as fsspec has it."""
        version = next((told[name] for name in VERSIONS if told.get(name)), "")
        return cls(told["type"] == "directory", told.get("size") or 0, version and json.dumps(version, default=str))


@dataclass(frozen=True, repr=False)
class Remote:
    """A file or folder at a URL; `known` is what a listing has told of it."""

    url: str
    known: About | None = field(default=None, compare=False)

    @cached_property
    def path(self) -> PurePosixPath:
        """Its path in the storage, whose last part is its name."""
        _, protocol, place, _ = _cut(self.url)
        return PurePosixPath(unquote(urlsplit(f"//{place}").path) if protocol in WEB else place)

    @property
    def name(self) -> str:
        """The last part of its path; that of the archive for an archive's root."""
        *_, rest = _cut(self.url)
        return self.path.name or (Remote(rest.removeprefix("::")).name if rest else "")

    @property
    def parent(self) -> "Remote":
        """The folder that it is in."""
        before, protocol, place, rest = _cut(self.url)
        return Remote(f"{before}{protocol}://{posixpath.dirname(_bare(protocol, place).rstrip('/'))}{rest}")

    def beside(self, relative: str) -> "Remote":
        """What lies below it; raises InputError for a path that leads elsewhere."""
        if relative.startswith("/") or ".." in PurePosixPath(relative).parts or "\\" in relative:
            raise InputError("its path leads out of the folder at the URL; give it as a URL of its own")
        before, protocol, place, rest = _cut(self.url)
        added = quote(relative) if protocol in WEB else relative
        return Remote(f"{before}{protocol}://{posixpath.join(_bare(protocol, place), added)}{rest}")

    @cached_property
    def about(self) -> "About":
        """What its storage tells of it, asked only where no listing has; raises Unreachable where it is not there."""
        if self.known is not None and self.known.version:
            return self.known
        with _reaching(self):
            system, path = _opened(self.url)
            told = system.info(path)
            is_page = told.get("mimetype") == "text/html" and system.isdir(path)
            return replace(About.of(told), is_folder=told["type"] == "directory" or is_page)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; on the web, a page of links."""
        return (self.known or self.about).is_folder

    @property
    def stamp(self) -> Stamp:
        """What tells it from other files, and from other versions of itself."""
        return self.name, self.about.size, self.about.version

    @cached_property
    def files(self) -> tuple["Remote", ...]:
        """All files in a folder, folders in folders included, by name."""
        with _reaching(self):
            system, path = _opened(self.url)
            listed: Mapping[str, Mapping[str, Any]] = system.find(path, detail=True)
        root, (before, protocol, place, rest) = str(path).rstrip("/"), _cut(self.url)
        base, below = _bare(protocol, place).rstrip("/"), {name: name[len(root) :].lstrip("/") for name in listed}
        return tuple(
            Remote(f"{before}{protocol}://{posixpath.join(base, below[name])}{rest}", About.of(listed[name]))
            for name in sorted(listed)
            if name.startswith(root) and _bare(protocol, below[name]) == below[name]  # no link that sorts a page
        )

    @cached_property
    def parts(self) -> tuple["Remote", ...]:
        """The files that an image or mask may lie in, as parts_of has it."""
        if self.is_folder:
            return self.files
        if not self.name.lower().endswith(APART):
            return (self,)
        called = self.name.partition(".")[0]
        return tuple(one for one in self.parent.files if one.name.partition(".")[0] == called)


Location: TypeAlias = Path | Remote


def is_url(text: str) -> bool:
    """Whether a text is a URL and no path."""
    return URL.match(text) is not None


def located(text: str, folder: Location | None = None) -> Location:
    """What a path or URL means, a path from a folder on; raises InputError where that leads out of a URL.

    A table at a URL leads to URLs alone: it was not written on this machine.
    """
    found: Location = Remote(text) if is_url(text) else Path(text)
    if isinstance(found, Remote) and text.startswith("file://") and "::" not in text:
        found = Path(url2pathname(unquote(urlsplit(text).path)))
    elif isinstance(found, Path) and isinstance(folder, Remote):
        return folder.beside(text)
    if isinstance(folder, Remote) and isinstance(found, Path):
        raise InputError("its path leads out of the folder at the URL; give it as a URL of its own")
    return folder / found if isinstance(folder, Path) and isinstance(found, Path) else found


def stamps_of(place: Location) -> list[Stamp]:
    """The stamp of every file that an image or mask lies in; 0 for one that cannot be reached: reading it says why."""
    if isinstance(place, Path):
        return [_stamp(path) for path in parts_of(place)]
    try:
        return [part.stamp for part in place.parts]
    except Unreachable:
        return [(place.name, 0, 0)]


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, status.st_size, status.st_mtime_ns


@contextmanager
def fetched(places: Sequence[Location]) -> Iterator[tuple[Path, ...]]:
    """Files and folders on this machine: those at URLs as copies, with what belongs to each, which are gone afterwards.

    Raises Unreachable for what cannot be fetched, OutputError when the temporary folder is full.
    """
    remote = [place for place in places if isinstance(place, Remote)]
    if not remote:
        yield tuple(place for place in places if isinstance(place, Path))
        return
    with TemporaryDirectory(prefix="voxmill-") as folder:
        copies = {place: Path(folder, str(number), place.name) for number, place in enumerate(remote)}
        for place, copy in copies.items():
            _refuse_leading_out(place, copy)
        with _reaching(remote[0]):
            _copy([pair for place, copy in copies.items() for pair in _pairs(place, copy)])
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
    if ".." in target.parts or "\\" in place.name or not place.name:
        raise Unreachable(f"{place.name}: this name leads out of its folder, and is not followed; rename the file")


def _copy(pairs: Sequence[tuple[Remote, Path]]) -> None:
    """Fetch files, those of one storage together."""
    of_storage: dict[int, tuple[Any, list[str], list[str]]] = {}
    for remote, target in pairs:
        system, path = _opened(remote.url)
        target.parent.mkdir(parents=True, exist_ok=True)
        _, sources, targets = of_storage.setdefault(id(system), (system, [], []))
        sources.append(path)
        targets.append(str(target))
    for system, sources, targets in of_storage.values():
        system.get(sources, targets)


def _cut(url: str) -> tuple[str, str, str, str]:
    """A URL in four: links before the one with a path (cache::), its protocol and its path, and links after it."""
    links = url.split("::")
    at = next((number for number, link in enumerate(links) if "://" in link), 0)
    protocol, _, place = links[at].partition("://")
    return "".join(f"{one}::" for one in links[:at]), protocol, place, "".join(f"::{one}" for one in links[at + 1 :])


def _bare(protocol: str, place: str) -> str:
    """A path without the query that it may have on the web."""
    return place.partition("?")[0] if protocol in WEB else place


def _opened(url: str) -> tuple[Any, str]:
    """The storage of a URL, and the path in it; raises Unreachable where a package for it is missing."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise Unreachable("reading from URLs needs fsspec: pip install 'voxmill[remote]'") from None
    _, protocol, *_ = _cut(url)
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise Unreachable(f"{protocol}:// needs one more package; {error}") from None
    return system, path


@contextmanager
def _reaching(place: Remote) -> Iterator[None]:
    """Whatever a storage raises, in a sentence that names the file and no URL."""
    try:
        yield
    except VoxmillError:
        raise
    except FileNotFoundError:
        raise Unreachable(
            f"{place.name}: there is no such file or folder at its URL, or no server; check the URL"
        ) from None
    except PermissionError:
        raise Unreachable(f"{place.name}: no permission to read it; check the credentials in the environment") from None
    except Exception as error:  # every kind of storage has its own
        if isinstance(error, OSError) and error.errno in FULL:
            raise OutputError(
                "the temporary folder is full; name one with more room in TMPDIR and run the command again"
            ) from None
        raise Unreachable(
            f"{place.name}: it cannot be fetched ({type(error).__name__}); check the URL, the network and the "
            "credentials in the environment"
        ) from None
