"""Files and folders at URLs: what they are called, what is in them, and what tells their versions apart.

fsspec reaches them: s3://, http://, memory://, zip://FILE::URL and whatever else it knows, with the credentials that
each kind of storage finds in its environment. A URL may hold secrets (a token, a password): no message repeats one.
"""

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from voxmill.errors import InputError
from voxmill.io.formats import APART
from voxmill.io.storage import opened, persistently, reaching

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
"""How a URL begins; one letter is a drive of Windows."""
WEB = ("http", "https")
HOSTLESS = ("memory", "file", "local", "zip", "tar", "libarchive")
"""Where a path begins at once; elsewhere a host or a bucket is before it, perhaps with a password."""
QUERY = re.compile(r"\?[^/?]*=.*", re.DOTALL)
"""A query, perhaps with a token, where a name may hold a question mark."""
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

Stamp: TypeAlias = tuple[str, int, int | str]
"""Name, size in bytes, and time or version of a file."""


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
        """Its path in the storage, whose last part is its name: without host, bucket, password and query."""
        _, protocol, place, _ = _cut(self.url)
        if protocol in WEB:
            return PurePosixPath(unquote(urlsplit(f"//{place}").path))
        bare = _bare(protocol, place)
        return PurePosixPath(bare if protocol in HOSTLESS else "/" + bare.partition("/")[2].lstrip("/"))

    @property
    def name(self) -> str:
        """The last part of its path; of a root or a host, the name of its archive, or `source`."""
        *_, rest = _cut(self.url)
        return self.path.name or (Remote(rest.removeprefix("::")).name if rest else "source")

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

    @property
    def storage(self) -> tuple[Any, str]:
        """Its storage, and its path in it, as fsspec has them; raises Unreachable where a package is missing."""
        _, protocol, *_ = _cut(self.url)
        return opened(self.url, protocol)

    @cached_property
    def about(self) -> "About":
        """What its storage tells of it, asked only where no listing has; raises Unreachable where it is not there."""
        if self.known is not None and self.known.version:
            return self.known
        with reaching(self.name):
            system, path = self.storage
            told = persistently(lambda: system.info(path))
            is_page = told.get("mimetype") == "text/html" and system.isdir(path)
            return replace(About.of(told), is_folder=told["type"] == "directory" or is_page)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; on the web, a page of links."""
        return (self.known or self.about).is_folder

    @property
    def size(self) -> int:
        """Its bytes, as far as its storage tells; of a member of an archive, after decompression."""
        return (self.known or self.about).size

    @property
    def stamp(self) -> Stamp:
        """What tells it from other files, and from other versions of itself."""
        return self.name, self.about.size, self.about.version

    @cached_property
    def files(self) -> tuple["Remote", ...]:
        """All files in a folder, folders in folders included, by name."""
        return self._listed(depth=None)

    def _listed(self, *, depth: int | None) -> tuple["Remote", ...]:
        """The files so many folders deep; None for all."""
        with reaching(self.name):
            system, path = self.storage
            listed: Mapping[str, Mapping[str, Any]] = persistently(
                lambda: system.find(path, maxdepth=depth, detail=True)
            )
        root, (before, protocol, place, rest) = str(path).rstrip("/"), _cut(self.url)
        base, below = _bare(protocol, place).rstrip("/"), {name: name[len(root) :].lstrip("/") for name in listed}
        return tuple(
            Remote(f"{before}{protocol}://{posixpath.join(base, below[name])}{rest}", About.of(listed[name]))
            for name in sorted(listed)
            if name.startswith(root) and not (protocol in WEB and "?" in below[name])  # no link that sorts a page
        )

    @cached_property
    def parts(self) -> tuple["Remote", ...]:
        """The files that an image or mask may lie in, as parts_of has it."""
        if self.is_folder:
            return self.files
        if not self.name.lower().endswith(APART):
            return (self,)
        called, folder = self.name.partition(".")[0], self.path.parent
        beside = self.parent._listed(depth=1)
        return tuple(one for one in beside if one.path.parent == folder and one.name.partition(".")[0] == called)


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


def _cut(url: str) -> tuple[str, str, str, str]:
    """A URL in four: links before the one with a path (cache::), its protocol and its path, and links after it."""
    links = url.split("::")
    at = next((number for number, link in enumerate(links) if "://" in link), 0)
    protocol, _, place = links[at].partition("://")
    return "".join(f"{one}::" for one in links[:at]), protocol, place, "".join(f"::{one}" for one in links[at + 1 :])


def _bare(protocol: str, place: str) -> str:
    """A path without the query that it may have."""
    return place.partition("?")[0] if protocol in WEB else QUERY.sub("", place)
