"""How a command that is called in this process ends."""

from collections.abc import Callable

Command = Callable[..., tuple[object, str, str]]
"""Its arguments → its exit code, what it wrote and what it said."""


def assert_refused(ended: tuple[object, str, str], code: int, said: str) -> None:
    """One sentence on standard error, and nothing else."""
    assert (ended[0], ended[1]) == (code, "")
    assert ended[2].startswith("voxmill: ")
    assert ended[2].count("\n") == 1
    assert said in ended[2]
