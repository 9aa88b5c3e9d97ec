"""Kernels from the cache, damaged files and full disks; test_jit_processes has what happens between processes."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import pytest

from voxmill_kernels import jit
from voxmill_kernels.cache import LACKING, KernelCache

as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to be root to mount")


def plus_one(x: int) -> int:
    return x + 1


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelCache:
    """An empty cache, the one that njit finds."""
    found = KernelCache(tmp_path)
    monkeypatch.setattr(jit, "kernel_cache", lambda: found)
    return found


def hits_of_a_new_process() -> int:
    """Call a kernel as another process would, without what this one has in memory; how often the cache had it."""
    compiled: Any = jit.njit(plus_one)
    assert compiled(1) == 2
    return sum(compiled.stats.cache_hits.values())


def kernels(cache: KernelCache) -> list[Path]:
    assert cache.folder is not None
    return list(cache.folder.iterdir())


def test_it_is_compiled_once(cache: KernelCache) -> None:
    assert hits_of_a_new_process() == 0
    assert [path.name.split("-")[0] for path in kernels(cache)] == ["plus_one"]
    assert hits_of_a_new_process() == 1
    assert len(kernels(cache)) == 1


def test_every_signature_has_a_file(cache: KernelCache) -> None:
    for hits in (0, 1):
        kernel: Any = jit.njit(plus_one)
        assert (kernel(1), kernel(1.5), kernel(1j)) == (2, 2.5, 1 + 1j)
        assert list(kernel.stats.cache_hits.values()) == [1] * 3 * hits
    assert len(kernels(cache)) == 3


def test_every_closure_has_a_file(cache: KernelCache) -> None:
    def adder(step: int) -> Callable[[int], int]:
        return jit.njit(lambda x: x + step)

    assert [adder(1)(1), adder(2)(1), adder(1)(1)] == [2, 3, 2]
    assert len(kernels(cache)) == 2


def test_numbas_configuration_is_left_as_found(monkeypatch: pytest.MonkeyPatch, cache: KernelCache) -> None:
    config: Any = numba.config
    monkeypatch.setattr(config, "CACHE_DIR", "elsewhere")
    assert jit.njit(plus_one)(1) == 2
    assert config.CACHE_DIR == "elsewhere"


def test_recompiling_replaces_what_is_there(cache: KernelCache) -> None:
    kernel: Any = jit.njit(plus_one)
    assert kernel(1) == 2
    kernel.recompile()
    assert kernel(1) == 2
    assert len(kernels(cache)) == 1


def test_without_a_folder_kernels_work_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "kernel_cache", lambda: KernelCache(None))
    assert hits_of_a_new_process() == 0


# Damage


@pytest.mark.parametrize("size", [0, 1, 32, 100, 1000, -1])
def test_a_file_cut_short_is_compiled_anew(cache: KernelCache, size: int) -> None:
    hits_of_a_new_process()
    (path,) = kernels(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    assert hits_of_a_new_process() == 0
    assert kernels(cache) == [path]
    assert hits_of_a_new_process() == 1


def test_so_is_one_with_a_turned_bit(cache: KernelCache) -> None:
    """Which could be in the machine code."""
    hits_of_a_new_process()
    (path,) = kernels(cache)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert hits_of_a_new_process() == 0
    assert hits_of_a_new_process() == 1


def test_so_is_one_that_others_can_write_to(cache: KernelCache) -> None:
    hits_of_a_new_process()
    (path,) = kernels(cache)
    path.chmod(0o666)
    assert hits_of_a_new_process() == 0
    assert path.stat().st_mode & 0o022 == 0
    assert hits_of_a_new_process() == 1


# No room


@pytest.fixture
def full_disk(tmp_path: Path, cache: KernelCache) -> Iterator[Path]:
    """A disk of one page for the cache."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("may not mount")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


@as_root
def test_a_full_disk(full_disk: Path, cache: KernelCache) -> None:
    assert hits_of_a_new_process() == 0
    assert cache.note == f"kernel cache {full_disk} cannot be written to (No space left on device), so {LACKING}"
    assert kernels(cache) == []
    assert hits_of_a_new_process() == 0


def test_a_folder_that_disappears(cache: KernelCache) -> None:
    assert cache.folder is not None
    cache.folder.rmdir()
    assert hits_of_a_new_process() == 0
    assert os.strerror(errno.ENOENT) in cache.note


def test_what_can_only_be_read_is_read(cache: KernelCache) -> None:
    hits_of_a_new_process()
    cache.read_only = True
    assert hits_of_a_new_process() == 1
    assert cache.note == ""
    assert jit.njit(plus_one)(1.5) == 2.5  # type: ignore[arg-type]
    assert len(kernels(cache)) == 1
    assert cache.note.endswith(f"can only be read, so {LACKING}")
