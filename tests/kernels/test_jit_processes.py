"""The kernel cache from one process to the next, with a copy of the package whose sources a test can change."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import voxmill_kernels

STRANGER = 12345
HELPER = """
from voxmill_kernels.jit import njit

@njit
def step(x):
    return x + 1
"""
CALLER = """
from voxmill_kernels.helper import step
from voxmill_kernels.jit import njit

@njit
def twice(x):
    return 2 * step(x)
"""
CALL = """
import json
{before}
from voxmill_kernels import jit
was_cold = jit.kernel_cache().is_cold
from voxmill_kernels.caller import twice
result = twice(10)
hits = sum(twice.stats.cache_hits.values())
cache = jit.kernel_cache()
cache.mark_warm()
print(json.dumps([result, hits, was_cold, str(cache.folder), cache.note]))
"""
# As in a container that is run under any number. Numba comes first: it may lie where only root can read.
BECOME_STRANGER = f"""
import os
import numba
numba.njit(lambda x: x + 1)(1)
os.setgroups([])
os.setgid({STRANGER})
os.setuid({STRANGER})
"""
STOP_WATCHING_SOURCES = "import voxmill_kernels.cache; voxmill_kernels.cache.sources_hash = lambda: 'always-the-same'"


class Package:
    """A copy of the kernel package with two small kernels of its own, one calling the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        self.folder = root / "site" / "voxmill_kernels"
        source = Path(voxmill_kernels.__file__).parent
        shutil.copytree(source, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "helper.py").write_text(HELPER)
        (self.folder / "caller.py").write_text(CALLER)

    def edit_helper(self) -> None:
        path = self.folder / "helper.py"
        path.write_text(path.read_text().replace("x + 1", "x + 5"))

    def call(self, *, before: str = "", environment: Mapping[str, str] | None = None) -> list[Any]:
        """In a new process: the result of `twice(10)`, hits of the cache, whether it was cold; its folder and note.

        The process knows of this copy of the package only; it runs the code `before` at first.
        """
        fixed = {"PYTHONPATH": str(self.folder.parent), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath}
        done = subprocess.run(
            [sys.executable, "-c", CALL.format(before=before)],
            env={**fixed, **(environment or {"VOXMILL_CACHE_DIR": str(self.cache)})},
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        called: list[Any] = json.loads(done.stdout)
        return called


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return Package(tmp_path)


def test_the_next_process_compiles_nothing(package: Package) -> None:
    result, hits, was_cold, folder, note = package.call()
    assert (result, hits, was_cold, note) == (22, 0, True, "")
    assert Path(folder).parent == package.cache
    assert package.call() == [22, 1, False, folder, ""]


def test_an_edited_helper_takes_effect(package: Package) -> None:
    """The kernel that calls it lies in another file, which is all that Numba looks at."""
    *_, folder, _ = package.call()
    package.edit_helper()
    result, hits, was_cold, new_folder, _ = package.call()
    assert (result, hits, was_cold) == (30, 0, True)
    assert new_folder != folder
    assert Path(new_folder).parent == package.cache


def test_without_a_folder_of_its_own_the_old_code_would_run(package: Package) -> None:
    """The check of the test above: this is what Numba does when left alone."""
    package.call(before=STOP_WATCHING_SOURCES)
    package.edit_helper()
    result, hits, *_ = package.call(before=STOP_WATCHING_SOURCES)
    assert (result, hits) == (22, 1)


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (str(self.marker), 0o700, True)


@pytest.mark.parametrize("which", ["named", "hashed"])
def test_no_pickle_is_run_from_where_others_can_write(package: Package, tmp_path: Path, which: str) -> None:
    *_, folder, _ = package.call()
    marker, temporary = tmp_path / "was run", tmp_path / "temporary"
    temporary.mkdir()
    environment = {"VOXMILL_CACHE_DIR": str(package.cache), "TMPDIR": str(temporary)}

    def plant() -> None:
        payload = pickle.dumps(Payload(marker))
        for kernel in Path(folder).glob("*.kernel"):
            kernel.write_bytes(hashlib.sha256(payload).digest() + payload)

    plant()
    with pytest.raises(AssertionError):
        package.call(environment=environment)
    marker.rmdir()  # it was run: pickles in a folder of one's own are trusted, so this test can fail
    plant()
    (package.cache if which == "named" else Path(folder)).chmod(0o777)
    result, _, _, used, note = package.call(environment=environment)
    assert result == 22
    assert temporary in Path(used).parents
    assert "others can write to" in note
    assert not marker.exists()


@pytest.fixture
def read_only_package() -> Iterator[Package]:
    """A package that anybody can read and only root can write."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("needs to be root to become another user")
    with tempfile.TemporaryDirectory() as root:
        package = Package(Path(root))
        for path in (package.root, *package.root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield package


@pytest.mark.parametrize("home", [None, "/"])
def test_a_user_without_home_and_a_read_only_install(read_only_package: Package, home: str | None) -> None:
    temporary = read_only_package.root / "temporary"
    temporary.mkdir(mode=0o700)
    os.chown(temporary, STRANGER, STRANGER)
    environment = {"TMPDIR": str(temporary)} | ({} if home is None else {"HOME": home})
    result, _, was_cold, folder, note = read_only_package.call(before=BECOME_STRANGER, environment=environment)
    assert (result, was_cold) == (22, True)
    assert Path(folder).parent == temporary / f"voxmill-kernels-{STRANGER}"
    assert ("cannot be written to" in note) == (home is not None)
    again = read_only_package.call(before=BECOME_STRANGER, environment=environment)
    assert again == [22, 1, False, folder, note]


def test_a_cache_in_an_image_is_used_by_every_user(read_only_package: Package) -> None:
    """Root has filled it and let everybody read it; whoever runs the container compiles nothing."""
    named = {"VOXMILL_CACHE_DIR": str(read_only_package.cache)}
    *_, folder, _ = read_only_package.call(environment=named)
    for path in (read_only_package.cache, *read_only_package.cache.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert read_only_package.call(before=BECOME_STRANGER, environment=named) == [22, 1, False, folder, ""]


def test_four_first_runs_at_once(package: Package) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(package.call) for _ in range(4)]
    assert {run.result()[0] for run in runs} == {22}
    assert sorted(path.name.split("-")[0] for path in package.cache.glob("*/*")) == ["step", "twice", "warm"]
    assert package.call()[:3] == [22, 1, False]
