"""What can go wrong, each kind with the exit code of the command line.

Every message is one sentence (or two): what, where, what was found, what to do.
"""

from collections.abc import Iterable, Mapping

NEAR = 0.6
"""How alike a misspelt word must be to what was meant, from 0 to 1."""


class VoxmillError(Exception):
    """Anything that Voxmill refuses; its text is meant for a person."""

    exit_code = 3


class InputError(VoxmillError):
    """An image, mask or label that cannot be used."""


class OutputError(VoxmillError):
    """A file that cannot be written."""


class SettingsError(VoxmillError):
    """A setting or option that does not exist, contradicts another, or is not supported."""

    exit_code = 2


class RegionError(VoxmillError):
    """A region that cannot be measured: its row fails, the others go on."""


def nearest(word: str, known: Iterable[str], *, shown: Mapping[str, str] | None = None) -> str:
    """The hint `; did you mean 'x'?` for a misspelt `word`, or what is known when nothing is near.

    `shown` says how to write those known words that are compared without the place where they belong.
    """
    folded = {name.lower(): (shown or {}).get(name, name) for name in known}
    likeness = {name: _likeness(word.lower(), name) for name in folded}
    best = max(likeness, key=likeness.__getitem__, default="")
    if best and likeness[best][0] >= NEAR:
        return f"; did you mean {folded[best]!r}?"
    return f"; known: {', '.join(folded.values())}"


def _likeness(word: str, name: str) -> tuple[float, bool]:
    """How alike two words are, from 0 to 1, and whether only the order of their letters differs."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, name).ratio(), sorted(word) == sorted(name)
