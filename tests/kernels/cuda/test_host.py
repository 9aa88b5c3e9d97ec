"""The programs that stand in for a GPU."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cuda_host


def test_a_program_is_built_once(tmp_path: Path, plain_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask for it at a time."""
    compiled: list[Path] = []

    def copied(program: Path, options: object) -> None:
        del options
        compiled.append(program)
        time.sleep(0.2)
        program.symlink_to(plain_program)

    monkeypatch.setattr(cuda_host, "_compile", copied)
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: cuda_host.build(tmp_path, cuda_host.PLAIN), range(3)))
    assert found == set(compiled) == {tmp_path / "device"}
    assert len(compiled) == 1
