"""The kernel cache: where it lies and whom it trusts; test_jit_processes has what happens from process to process."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import pytest

from voxmill_kernels import jit
from voxmill_kernels.jit import KernelCache

as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to be root to change owners")
STRANGER = 12345


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is not kept elsewhere goes here."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's that is not there yet, named by VOXMILL_CACHE_DIR."""
    folder = tmp_path / "named" / "kernels"
    monkeypatch.setenv("VOXMILL_CACHE_DIR", str(folder))
    return folder


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def found_cache() -> KernelCache:
    """As a new process finds it."""
    return jit.kernel_cache.__wrapped__()


def give_to_stranger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() == 0:
        os.chown(path, STRANGER, STRANGER)
    else:
        own = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: own + 1)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def assert_refused(named: Path, temporary: Path, reason: str) -> None:
    cache = found_cache()
    assert cache.folder is not None
    assert temporary in cache.folder.parents
    assert re.fullmatch(f"kernel cache {named} not used: {reason}", cache.note)


# Where


def test_the_named_folder_is_used(named: Path) -> None:
    assert found_cache() == KernelCache(named / jit.sources_hash())
    assert found_cache().is_cold


def test_a_relative_name_does_not_follow_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXMILL_CACHE_DIR", "here")
    assert found_cache().folder == tmp_path / "here" / jit.sources_hash()


def test_without_a_name_it_is_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert found_cache().folder == tmp_path / "xdg" / "voxmill" / "kernels" / jit.sources_hash()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert found_cache().folder == tmp_path / "home" / ".cache" / "voxmill" / "kernels" / jit.sources_hash()


def test_without_a_home_it_is_a_temporary_folder(temporary_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("VOXMILL_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", no_home)
    cache = found_cache()
    assert cache.folder == temporary_folder / f"voxmill-kernels-{os.getuid()}" / jit.sources_hash()
    assert cache.note == ""


def test_what_cannot_be_written_to_is_not_used(named: Path, temporary_folder: Path) -> None:
    named.parent.write_text("a file where a folder is needed")
    assert_refused(named, temporary_folder, r"it cannot be written to \(.+\)")


def test_no_folder_at_all(named: Path, temporary_folder: Path) -> None:
    named.parent.write_text("a file")
    temporary_folder.rmdir()
    temporary_folder.write_text("another")
    cache = found_cache()
    assert cache.folder is None
    assert cache.is_cold
    assert cache.note.endswith("; kernels are compiled anew by every process")


# Whom it trusts


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022])
def test_new_folders_are_their_owners(named: Path, mask: int) -> None:
    """Whatever the umask: many systems let a user's group write."""
    with umask(mask):
        cache = found_cache()
    assert cache.folder is not None
    assert cache.note == ""
    assert [mode(path) for path in (named.parent, named, cache.folder)] == [0o700] * 3


@pytest.mark.parametrize("permissions", [0o777, 0o1777, 0o770, 0o707])
def test_a_folder_that_others_can_write_to_is_refused(named: Path, temporary_folder: Path, permissions: int) -> None:
    named.mkdir(parents=True)
    named.chmod(permissions)
    assert_refused(named, temporary_folder, "others can write to it")


def test_so_is_one_whose_compiled_code_others_can_write(named: Path, temporary_folder: Path) -> None:
    (named / jit.sources_hash()).mkdir(parents=True)
    (named / jit.sources_hash()).chmod(0o777)
    named.chmod(0o755)
    assert_refused(named, temporary_folder, "others can write to it")


def test_a_folder_of_another_user_is_refused(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (named / jit.sources_hash()).mkdir(parents=True)
    give_to_stranger(named, monkeypatch)
    assert f"kernel cache {named} not used: it belongs to another user" in found_cache().note


@as_root
def test_a_link_of_another_user_is_refused(named: Path, temporary_folder: Path, tmp_path: Path) -> None:
    """Its owner could point it elsewhere at any time."""
    (tmp_path / "own").mkdir(mode=0o700)
    named.parent.mkdir()
    named.symlink_to(tmp_path / "own")
    os.lchown(named, STRANGER, STRANGER)
    assert_refused(named, temporary_folder, "it belongs to another user")


def test_a_link_of_ones_own_is_followed(named: Path, temporary_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "own"
    target.mkdir(mode=0o700)
    named.parent.mkdir()
    named.symlink_to(target)
    assert found_cache() == KernelCache(named / jit.sources_hash())
    target.chmod(0o777)
    assert_refused(named, temporary_folder, "others can write to it")


# njit


def plus_one(x: int) -> int:
    return x + 1


def test_numbas_configuration_is_left_as_found(monkeypatch: pytest.MonkeyPatch) -> None:
    config: Any = numba.config
    monkeypatch.setattr(config, "CACHE_DIR", "elsewhere")
    assert jit.njit(plus_one)(1) == 2
    assert config.CACHE_DIR == "elsewhere"
    with pytest.raises(TypeError):
        jit.njit(None)  # type: ignore[type-var]
    assert config.CACHE_DIR == "elsewhere"


def test_compiled_code_goes_into_our_folder(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = found_cache()
    monkeypatch.setattr(jit, "kernel_cache", lambda: cache)
    assert jit.njit(plus_one)(1) == 2
    assert not cache.is_cold
    assert list((named / jit.sources_hash()).rglob("*plus_one*.nbi"))


def test_without_a_folder_kernels_work_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "kernel_cache", lambda: KernelCache(None))
    assert jit.njit(plus_one)(2) == 3
