"""How a command that is called in this process ends."""

import sys
from collections.abc import Callable, Iterable

import pytest

from voxmill.cli import main

Ended = tuple[object, str, str]
"""Its exit code, what it wrote and what it said."""
Command = Callable[..., Ended]
"""Its arguments → how it ended."""


def call(arguments: Iterable[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Call it with these arguments."""
    monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0, *capsys.readouterr()


def assert_refused(ended: Ended, code: int, said: str) -> None:
    """One sentence on standard error, and nothing else."""
    assert (ended[0], ended[1]) == (code, "")
    assert ended[2].startswith("voxmill: ")
    assert ended[2].count("\n") == 1
    assert said in ended[2]
