"""`voxmill extract STORE`: in place of an image and its mask."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import voxmill as vm
from small_images import case
from stored import write_case
from voxmill_kernels.jit import kernel_cache


@pytest.fixture(scope="module", autouse=True)
def warm_kernels() -> None:
    """Or the first command would say that it compiles them."""
    vm.extract(*case())
    kernel_cache().mark_warm()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for name in ("ada", "bob"):
        write_case(tmp_path / "store", *case(), name=name)
    return tmp_path / "store"


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "voxmill", "extract", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )


def rows_of(text: str) -> list[tuple[str, str]]:
    return [(row["case"], row["region"]) for row in csv.DictReader(io.StringIO(text))]


def test_every_case(store: Path) -> None:
    done = run(store)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows_of(done.stdout) == [("ada", "1"), ("ada", "node"), ("bob", "1"), ("bob", "node")]


def test_one_case_into_a_file(store: Path, tmp_path: Path) -> None:
    done = run(store, "--case", "bob", "-l", "node", "-o", tmp_path / "t.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert rows_of((tmp_path / "t.csv").read_text()) == [("bob", "node")]


def test_a_failed_case(store: Path) -> None:
    (store / "ada/zarr.json").unlink()
    done = run(store)
    assert done.returncode == 1
    assert done.stderr == "voxmill: ada: the case was not written to its end; convert it again\n"
    assert ("bob", "node") in rows_of(done.stdout)


def test_images_without_a_mask_are_counted_and_no_failure(store: Path) -> None:
    image, _ = case()
    write_case(store, image, name="bare")
    done = run(store)
    assert (done.returncode, len(rows_of(done.stdout))) == (0, 4)
    assert done.stderr == "voxmill: 1 image without a mask in the store: nothing to measure there\n"
    done = run(store, "--case", "bare")
    assert (done.returncode, done.stdout) == (3, "")
    assert "store: there is nothing to measure: no image has a mask; convert them with their masks" in done.stderr


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["none"], 3, "none: there is no such store; check the path"),
        (["."], 3, "0: this is not a store (no zarr.json in it); give one that Voxmill wrote"),
        (["store", "--case", "cid"], 3, "store: the store has no case 'cid'; known: ada, bob"),
        (["letter.txt"], 2, "letter.txt: give its MASK too, or a store alone"),
        (["letter.txt", "letter.txt", "--case", "ada"], 2, "--case chooses cases of a store; leave it out, or give a"),
        (["store", "--profile"], 2, "--profile is for one image and its MASK, not for a store; leave it out"),
        (["store", "--series", "3"], 2, "--series is for one image and its MASK, not for a store; leave it out"),
        (["store", "--allow-gaps"], 2, "--allow-gaps is for one image and its MASK, not for a store; leave it out"),
        (["store", "--save-images", "x"], 2, "--save-images is for one image and its MASK, not for a store; leave it"),
    ],
)
def test_wrong_use(store: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str) -> None:
    monkeypatch.chdir(store.parent)
    Path("letter.txt").write_text("Dear Ada")
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("voxmill: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
