"""Where the kernel cache lies and whom it trusts; test_jit_processes has what happens from process to process."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voxmill_kernels import cache as kernels
from voxmill_kernels.cache import KernelCache

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
    return kernels.kernel_cache.__wrapped__()


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
    assert re.fullmatch(
        f"kernel cache {named} not used: {reason}; kernels are kept in {cache.folder.parent}", cache.note
    )


# Where


def test_the_named_folder_is_used(named: Path) -> None:
    assert found_cache() == KernelCache(named / kernels.sources_hash())
    assert found_cache().is_cold


def test_a_relative_name_does_not_follow_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXMILL_CACHE_DIR", "here")
    assert found_cache().folder == tmp_path / "here" / kernels.sources_hash()


def test_without_a_name_it_is_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert found_cache().folder == tmp_path / "xdg" / "voxmill" / "kernels" / kernels.sources_hash()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert found_cache().folder == tmp_path / "home" / ".cache" / "voxmill" / "kernels" / kernels.sources_hash()


def test_without_a_home_it_is_a_temporary_folder(temporary_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("VOXMILL_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", no_home)
    cache = found_cache()
    assert cache.folder == temporary_folder / f"voxmill-kernels-{os.getuid()}" / kernels.sources_hash()
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
    assert {mode(path) for path in (named.parent, named, cache.folder)} == {0o700}


def test_those_of_the_users_cache_are_read_by_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    cache = found_cache()
    assert cache.folder is not None
    assert {mode(path) for path in (tmp_path / "xdg", cache.folder.parent, cache.folder)} == {0o700}


@pytest.mark.parametrize("permissions", [0o777, 0o1777, 0o770, 0o707])
def test_a_folder_that_others_can_write_to_is_refused(named: Path, temporary_folder: Path, permissions: int) -> None:
    named.mkdir(parents=True)
    named.chmod(permissions)
    assert_refused(named, temporary_folder, f"others can write to {named}")


def test_so_is_one_whose_compiled_code_others_can_write(named: Path, temporary_folder: Path) -> None:
    (named / kernels.sources_hash()).mkdir(parents=True)
    (named / kernels.sources_hash()).chmod(0o777)
    named.chmod(0o755)
    assert_refused(named, temporary_folder, f"others can write to {named / kernels.sources_hash()}")


@pytest.mark.parametrize("permissions", [0o777, 0o775])
def test_so_is_one_that_others_can_move_away(
    named: Path, temporary_folder: Path, permissions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write to a folder may put another in the place of any that lies in it."""
    monkeypatch.setattr(kernels, "_is_own_group", lambda group: False)
    folder = named.parent
    folder.mkdir()
    folder.chmod(permissions)
    assert_refused(named, temporary_folder, f"others can write to {folder}")
    assert not named.exists()


@pytest.mark.parametrize("permissions", [0o1777, 0o775])
def test_where_they_cannot_move_it_they_may_write(
    named: Path, permissions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in /tmp; and where each user has a group of his own, that may write."""
    monkeypatch.setattr(kernels, "_is_own_group", lambda group: group == named.parent.stat().st_gid)
    named.parent.mkdir()
    named.parent.chmod(permissions)
    assert found_cache() == KernelCache(named / kernels.sources_hash())


@as_root
def test_the_group_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp

    assert kernels._is_own_group(0)
    assert not kernels._is_own_group(1)
    assert not kernels._is_own_group(STRANGER)
    shared = grp.struct_group(("root", "x", 0, ["root", "daemon"]))
    monkeypatch.setattr(grp, "getgrgid", lambda group: shared)
    assert not kernels._is_own_group(0)


def test_a_folder_of_another_user_is_refused(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (named / kernels.sources_hash()).mkdir(parents=True)
    give_to_stranger(named, monkeypatch)
    assert f"kernel cache {named} not used: " in found_cache().note
    assert " belongs to another user" in found_cache().note


@as_root
def test_so_is_one_below_a_folder_of_another_user(named: Path, temporary_folder: Path) -> None:
    named.parent.mkdir()
    os.chown(named.parent, STRANGER, STRANGER)
    assert_refused(named, temporary_folder, f"{named.parent} belongs to another user")
    assert not named.exists()


@as_root
def test_a_link_of_another_user_is_refused(named: Path, temporary_folder: Path, tmp_path: Path) -> None:
    """Its owner could point it elsewhere at any time."""
    (tmp_path / "own").mkdir(mode=0o700)
    named.parent.mkdir()
    named.symlink_to(tmp_path / "own")
    os.lchown(named, STRANGER, STRANGER)
    assert_refused(named, temporary_folder, f"{named} belongs to another user")


@as_root
def test_so_is_one_on_the_way_of_a_link(named: Path, temporary_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "below").mkdir(parents=True)
    strangers = tmp_path / "strangers"
    strangers.symlink_to("own")
    os.lchown(strangers, STRANGER, STRANGER)
    named.parent.symlink_to("strangers/below")
    assert_refused(named, temporary_folder, f"{strangers} belongs to another user")
    assert not list((tmp_path / "own" / "below").iterdir())


def test_a_ring_of_links(named: Path, temporary_folder: Path) -> None:
    named.parent.symlink_to(named.parent.name)
    assert_refused(named, temporary_folder, r"it cannot be looked at \(.+\)")


def test_a_link_of_ones_own_is_followed(named: Path, temporary_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "own"
    target.mkdir(mode=0o700)
    named.parent.mkdir()
    named.symlink_to(target)
    assert found_cache() == KernelCache(named / kernels.sources_hash())
    target.chmod(0o777)
    assert_refused(named, temporary_folder, f"others can write to {target}")


# Warm, and read-only


def test_it_is_warm_when_an_extraction_has_finished(named: Path) -> None:
    cache = found_cache()
    assert cache.folder is not None
    (cache.folder / "first.kernel").write_bytes(b"")
    assert found_cache().is_cold
    cache.mark_warm()
    assert not found_cache().is_cold
    cache.mark_warm()
    assert mode(cache.folder / kernels.WARM) == 0o644


def test_nothing_to_mark() -> None:
    cache = KernelCache(None)
    cache.mark_warm()
    assert cache.is_cold


def test_a_full_disk_when_it_is_marked(named: Path) -> None:
    cache = found_cache()
    named.joinpath(kernels.sources_hash()).rmdir()
    cache.mark_warm()
    assert cache.is_cold


@pytest.mark.parametrize("warm", [True, False])
def test_what_can_only_be_read_is_used_when_warm(named: Path, *, warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = named / kernels.sources_hash()
    folder.mkdir(parents=True)
    if warm:
        KernelCache(folder).mark_warm()
    make_file = tempfile.TemporaryFile

    def read_only(dir: Path) -> object:
        if dir == folder:
            raise OSError(30, "Read-only file system")
        return make_file(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    cache = found_cache()
    if warm:
        assert cache == KernelCache(folder, read_only=True)
        return
    assert cache.folder != folder
    assert "it cannot be written to (Read-only file system); kernels are kept in" in cache.note


def test_what_it_lacks_is_said_once(named: Path) -> None:
    cache = found_cache()
    for _ in range(2):
        cache.stop_writing("can only be read")
    assert cache.read_only
    assert cache.note == f"kernel cache {cache.folder} can only be read, so {kernels.LACKING}"
