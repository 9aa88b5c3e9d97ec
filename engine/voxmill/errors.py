"""What can go wrong, each kind with the exit code of the command line.

Every message is one sentence (or two): what, where, what was found, what to do.
"""


class VoxmillError(Exception):
    """Anything that Voxmill refuses; its text is meant for a person."""

    exit_code = 3


class InputError(VoxmillError):
    """An image, mask or label that cannot be used."""


class SettingsError(VoxmillError):
    """A setting or option that does not exist, contradicts another, or is not supported."""

    exit_code = 2


class RegionError(VoxmillError):
    """A region that cannot be measured: its row fails, the others go on."""


def nearest(word: str, known: list[str]) -> str:
    """The hint `; did you mean 'x'?` for a misspelt `word`, or what is known when nothing is near."""
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    match = get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    if match:
        return f"; did you mean {folded[match[0]]!r}?"
    return f"; known: {', '.join(known)}"
