"""One environment per peer, made by uv from exact versions, in a folder that git ignores."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = Path(__file__).parent / ".cache"


class InstallError(Exception):
    """An environment that could not be made; the sentence says why."""


@dataclass(frozen=True)
class Environment:
    """A module and its version, the Python it runs on, and what installs it (`uv pip install`, from the root)."""

    module: str
    version: str
    python: str
    install: tuple[str, ...]


ENVIRONMENTS: Mapping[str, Environment] = {
    # Built from source against this numpy: a wheel kept from elsewhere may be one for numpy 1.
    "pyradiomics": Environment("radiomics", "3.0.1", "3.11", ("--no-cache", "-r", "requirements-oracle.txt")),
    "flash-radiomics": Environment(
        "flash_radiomics", "1.0.0", "3.12", ("--no-deps", "-r", "benchmarks/peers/flash-radiomics.txt")
    ),
    "pictologics": Environment("pictologics", "0.9.0", "3.12", ("--no-deps", "-r", "benchmarks/peers/pictologics.txt")),
    # Without what it only plots and compares with; torch for the CPU, which has an index of its own.
    "fastrad": Environment(
        "fastrad", "1.2.0", "3.12", ("--no-deps", "--torch-backend=cpu", "-r", "benchmarks/peers/fastrad.txt")
    ),
}


def interpreters(names: Iterable[str], given: Sequence[str]) -> dict[str, Path]:
    """The Pythons of environments; one that cannot be made is left out, which is said.

    given: those that are not made but taken, as NAME=PYTHON.
    """
    taken = dict(text.split("=", 1) for text in given)
    pythons = {}
    for name in dict.fromkeys(names):
        try:
            pythons[name] = Path(taken[name]) if name in taken else interpreter(name)
        except InstallError as failure:
            print(f"{name} is left out, its environment could not be made: {failure}")
    return pythons


def interpreter(name: str) -> Path:
    """The Python of a peer's environment, made now where it is not there or not this one."""
    folder = CACHE / "peers" / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted, made = _fingerprint(ENVIRONMENTS[name]), folder / "made"
    if not (made.exists() and made.read_text() == wanted):
        print(f"making the environment of {name}", flush=True)
        _make(ENVIRONMENTS[name], folder, python)
        made.write_text(wanted)
    return python


def _fingerprint(environment: Environment) -> str:
    digest = hashlib.sha256(repr(environment).encode())
    for argument in environment.install:
        if argument.endswith(".txt"):
            digest.update((ROOT / argument).read_bytes())
    return digest.hexdigest()


def _make(environment: Environment, folder: Path, python: Path) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise InstallError("uv is not on the PATH: it makes the environments")
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [uv, "venv", "-q", "--python", environment.python, str(folder)],
        [uv, "pip", "install", "-q", "--python", str(python), *environment.install],
        [str(python), "-c", f"import {environment.module}"],  # pictologics compiles for minutes, once
    ):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise InstallError(done.stderr.strip())
