"""What can go wrong, each kind with the exit code of the command line.

Every message is one sentence (or two): what, where, what was found, what to do. It names files, never folders.
"""

import os
import reprlib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

Item = TypeVar("Item")

NEAR = 0.6
"""How alike a misspelt word must be to what was meant, from 0 to 1."""
LISTED = 12
"""Known words are all listed up to this many, several mistakes too; of more, some are."""
NOWHERE = "this is a link that leads nowhere; mend it, or see whether the disk that it leads to is there"
ABOVE_NOWHERE = NOWHERE.replace("this", "a folder above it", 1)
SHOWN = 120
"""Characters of a value that are shown at most."""
_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 3, SHOWN, SHOWN


class VoxmillError(Exception):
    """Anything that Voxmill refuses; its text is meant for a person."""

    exit_code = 3


class Interruption(BaseException):
    """A wish to end that goes through whatever is done, past all that catches errors."""


class InputError(VoxmillError):
    """An image, mask or label that cannot be used.

    ours: its sentence without the name that it begins with and without words of a header or file, so that it may be
    told of anybody's; '' where nobody has said what these are.
    """

    ours = ""

    @classmethod
    def about(cls, name: object, ours: str, theirs: str = "", rest: str = "") -> Self:
        """What is wrong with something of a name, in words of ours, with counts, sizes and geometry.

        theirs: what stands before the rest of these, and may repeat a header or the name of a file.
        """
        error = cls(f"{name}: {ours}{theirs}{rest}")
        error.ours = ours + rest
        return error

    def saying(self, sentence: str) -> Self:
        """The same in another sentence; what may be told of anybody's stays."""
        error = type(self)(sentence)
        error.ours = self.ours
        return error


class UnrelatedError(InputError):
    """A mask of another patient than its image, or an image of another than its case: no header is repeated."""


class OutputError(VoxmillError):
    """A file or stream that cannot be written; its text says why."""


class SettingsError(VoxmillError):
    """A setting or option that does not exist, contradicts another, or is not supported."""

    exit_code = 2


class RegionError(VoxmillError):
    """A region that cannot be measured: its row fails, the others go on."""


def mistake(error: Exception) -> str:
    """Where a mistake of ours is, without its message: that may hold names."""
    *_, place = traceback.extract_tb(error.__traceback__)
    where = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
    return f"a mistake in Voxmill itself ({where}); report it"


def why_not_there(path: Path, otherwise: str) -> str:
    """Why there is nothing at a path, and what to do: it, or a folder above, is a link that leads nowhere.

    Or else `otherwise`.
    """
    if os.path.islink(path):
        return NOWHERE
    leads_nowhere = any(os.path.islink(folder) and not os.path.exists(folder) for folder in path.parents)
    return ABOVE_NOWHERE if leads_nowhere else otherwise


def brief(value: object) -> str:
    """A value as Python writes it, cut where it is long: settings and their files can hold anything."""
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # more digits than Python writes
        return f"a very long {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def several(items: Sequence[Item], say: Callable[[Item], str] = str, *, separator: str = "; ") -> str:
    """What there is to say of each item; where there are too many, of the first ones, and how many more there are."""
    rest = len(items) - LISTED
    return separator.join([*map(say, items[:LISTED]), *([f"and {rest} more"] if rest > 0 else [])])


def counted(number: int, noun: str) -> str:
    """A number of things, in words: 1 row, 2 rows."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def agreeing(number: int, one: str, several: str) -> str:
    """The form of a word that goes with a number: 1 row is, 2 rows are."""
    return one if number == 1 else several


def nearest(word: str, known: Iterable[str], *, shown: Mapping[str, str] | None = None) -> str:
    """The hint `; did you mean 'x'?` for a misspelt `word`, or what is known when nothing is near.

    `shown` says how to write those known words that are compared without the place where they belong.
    """
    folded = {name.lower(): (shown or {}).get(name, name) for name in known}
    ranked = sorted(folded, key=lambda name: _likeness(word, name), reverse=True)
    if ranked and likeness(word, ranked[:1]) >= NEAR:
        return f"; did you mean {folded[ranked[0]]!r}?"
    if len(folded) <= LISTED:
        return f"; known: {', '.join(folded.values())}"
    return f"; the nearest of {len(folded)}: {', '.join(folded[name] for name in ranked[: LISTED // 2])}"


def likeness(word: str, known: Iterable[str]) -> float:
    """How alike a word is to the most similar known one, from 0 to 1; capitals do not matter."""
    return max((_likeness(word, name)[0] for name in known), default=0.0)


def _likeness(word: str, name: str) -> tuple[float, bool]:
    """How alike two words are, from 0 to 1, and whether only the order of their letters differs."""
    from difflib import SequenceMatcher

    word, name = word[:SHOWN].lower(), name.lower()
    return SequenceMatcher(None, word, name).ratio(), sorted(word) == sorted(name)
