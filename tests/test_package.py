"""The package as such: what importing it costs, what it offers, what it says of itself."""

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import voxmill as vm

ROOT = Path(__file__).parents[1]
HEAVY = {
    "numba",
    "scipy",
    "dask",
    "distributed",
    "SimpleITK",
    "pydicom",
    "highdicom",
    "zarr",
    "matplotlib",
    "nibabel",
    "pandas",
    "pyarrow",
    "rich.table",
}


def loaded_by(statement: str) -> set[str]:
    """The modules that a statement loads in a new interpreter."""
    script = f"import json, sys\nbefore = set(sys.modules)\n{statement}\nprint('\\n' + json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def best_of_five(*command: str) -> float:
    """The shortest time in seconds: processor time where the platform tells it, so that other work does not count."""
    times = []
    for _ in range(5):
        before, start = os.times(), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        wall, after = time.perf_counter() - start, os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        times.append(processor or wall)
    return min(times)


def test_importing_takes_no_time() -> None:
    assert best_of_five(sys.executable, "-c", "import voxmill") < 0.3


def test_help_answers_at_once() -> None:
    assert best_of_five(sys.executable, "-m", "voxmill", "--help") < 0.5


def test_importing_loads_nothing_heavy() -> None:
    loaded = loaded_by("import voxmill")
    assert "voxmill" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy", "pydantic", "yaml", "typer", "voxmill.extraction", "voxmill_kernels"})


@pytest.mark.parametrize("command", ["", "extract", "run", "demo", "features", "settings", "compare", "pyradiomics"])
def test_help_loads_nothing_heavy(command: str) -> None:
    arguments = [*command.split(), "--help"]
    loaded = loaded_by(
        f"from voxmill.cli import app\ntry: app(args={arguments!r})\nexcept SystemExit as done: assert not done.code"
    )
    assert "voxmill.cli.extract" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy"})


@pytest.mark.parametrize("name", vm.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(vm, name)
    assert not isinstance(value, ModuleType)
    if name != "__version__":
        assert value.__name__ == name
        assert value.__module__.startswith("voxmill.")
        assert value.__doc__


def test_public_names_are_listed() -> None:
    assert dir(vm) == sorted(vm.__all__)
    names: dict[str, object] = {}
    exec("from voxmill import *", names)
    assert set(vm.__all__) <= set(names)


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="module 'voxmill' has no attribute 'extrakt'"):
        vm.extrakt  # noqa: B018


def test_no_module_shares_a_name_with_a_public_function() -> None:
    """A lazily loaded `voxmill.extract` would turn into a module as soon as that module was imported."""
    modules = {module.name for module in pkgutil.iter_modules(vm.__path__)}
    assert {"extraction", "settings", "io"} <= modules
    assert modules.isdisjoint(vm.__all__)


def test_public_names_survive_the_import_of_every_module() -> None:
    before = {name: getattr(vm, name) for name in vm.__all__}
    for module in pkgutil.walk_packages(vm.__path__, "voxmill."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert {name: getattr(vm, name) for name in vm.__all__} == before
    assert isinstance(vm.extract, FunctionType)


def test_one_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {vm.__version__}\n" in citation


def test_it_says_that_it_is_typed() -> None:
    for package in ("voxmill", "voxmill_kernels"):
        assert (Path(importlib.import_module(package).__path__[0]) / "py.typed").is_file()


def test_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "voxmill", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"voxmill {vm.__version__}\n"


def test_a_table_of_files_is_found_without_what_reads_stores_and_measures() -> None:
    loaded = loaded_by("import voxmill.cohort")
    assert "voxmill.cohort" in loaded
    assert loaded.isdisjoint({"zarr", "numcodecs", "voxmill.store", "voxmill.extraction", "voxmill.regions"})


def test_what_does_a_case_is_loaded_when_that_is_asked_for() -> None:
    made = (
        "from pathlib import Path; from voxmill.cohort.job import Extraction; from voxmill.settings import Settings; "
        "from voxmill.cohort.cases import StoreCase; job, case = Extraction(Settings()), StoreCase(Path(), '')"
    )
    parts = {"voxmill.extraction", "voxmill.store"}
    assert not parts & loaded_by(made)
    assert parts <= loaded_by(f"{made}; job.load(case)")


@pytest.mark.parametrize("package", ["discovery", "io", "io.dicom", "runs", "store"])
def test_a_layer_says_what_of_voxmill_it_imports(package: str) -> None:
    layer = importlib.import_module(f"voxmill.{package}")
    told = re.search(r"ay import\s([^;]*?)[;.]\s", f"{layer.__doc__}\n")
    assert told is not None
    own, modules = package.split(".")[0], set[str]()
    for path in Path(layer.__path__[0]).rglob("*.py"):
        modules |= set(re.findall(r"^ *(?:from|import) voxmill\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert modules - {own, "_version"} <= set(re.findall(r"\w+", told[1]))
