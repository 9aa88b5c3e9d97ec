"""unfinished.json in a store: which cases it was to have when a conversion began that has not come to its end yet."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from voxmill.drafts import draft_of
from voxmill.errors import InputError, agreeing
from voxmill.store.groups import refuse_links
from voxmill.store.layout import UNFINISHED

Sources = dict[str, list[str]]
"""By a name for each source, the names of its cases."""


@dataclass(frozen=True)
class Unfinished:
    """A conversion that has not come to its end: how many cases its source has, and how many of them are there."""

    cases: int
    there: int

    @property
    def missing(self) -> int:
        """How many cases are still to come."""
        return self.cases - self.there

    def __str__(self) -> str:
        counts = f"{self.there:,} of {self.cases:,} cases {agreeing(self.there, 'is', 'are')} there"
        return f"conversion is not finished: {counts}; run voxmill convert again"


def awaited(store: Path) -> frozenset[str]:
    """The names of all cases that conversions which are not finished were to bring, whether they are there or not.

    Raises InputError where what is told of them is damaged, or a link out of the store.
    """
    return frozenset(name for names in _read(store).values() for name in names)


@contextmanager
def under_way(store: Path, source: str, cases: Sequence[str]) -> Iterator[None]:
    """Note that a source with these cases is being converted, and, once that has ended whole, that it is no more.

    The same cases are awaited of no other source then. Raises OutputError.
    """
    _write(store, _read(store) | {source: sorted(cases)})
    yield
    others = {other: names for other, names in _read(store).items() if other != source}
    _write(store, _without(others, frozenset(cases)))


def forget_awaited(store: Path, cases: Collection[str]) -> None:
    """Await these cases no more. Raises OutputError."""
    sources = _read(store)
    if sources:
        _write(store, _without(sources, cases))


def _without(sources: Sources, cases: Collection[str]) -> Sources:
    left = {source: [name for name in names if name not in cases] for source, names in sources.items()}
    return {source: names for source, names in left.items() if names}


def _read(store: Path) -> Sources:
    path = store / UNFINISHED
    refuse_links(path, store, store.name)
    try:
        return TypeAdapter(Sources).validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError):
        raise InputError(
            f"{UNFINISHED}: what tells of a conversion under way is damaged; delete it, and run voxmill convert again"
        ) from None


def _write(store: Path, sources: Sources) -> None:
    path = store / UNFINISHED
    if not sources:
        path.unlink(missing_ok=True)
        return
    with draft_of(path) as draft:
        draft.write_text(json.dumps(sources), encoding="utf-8")
