"""Scripts for PyRadiomics, with the lines that import it changed and nothing else: what they write is the same.

They make the calls of PyRadiomics' own examples: hello, feature classes and filters, a batch, a batch in processes; and
those of others: a table made with pandas in processes, a notebook, feature classes derived and by hand.
"""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dropin import NEAR_ZERO, OURS_ALONE, write_pair
from small_images import sitk_image, texture, two_labels

SCRIPTS = Path(__file__).parent / "scripts"
PARAMETERS = '{"setting": {"binWidth": 10, "normalize": true, "normalizeScale": 100}, "featureClass": {"glcm": []}}'
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


def moved(script: str) -> str:
    """The script with its imports changed."""
    script = re.sub(r"^import radiomics$", "import voxmill.pyradiomics as radiomics", script, flags=re.MULTILINE)
    return re.sub(r"^from radiomics\b", "from voxmill.pyradiomics", script, flags=re.MULTILINE)


def run(folder: Path, name: str, *arguments: object, ours: bool) -> str:
    """What a script prints, run under either import."""
    text = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    path = folder / f"{name}_{'ours' if ours else 'theirs'}.py"
    path.write_text(moved(text) if ours else text, encoding="utf-8")
    command = [sys.executable, "-W", "ignore", str(path), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pairs(text: str) -> dict[str, str]:
    """The printed values by name."""
    return dict(line.split(": ", 1) for line in text.splitlines())


def same(ours: Mapping[str, str], theirs: Mapping[str, str]) -> None:
    """The same names in the same order; the same text but for last digits, those of float32 for LoG."""
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        if name in OURS_ALONE:
            continue
        assert NUMBER.sub("#", ours[name]) == NUMBER.sub("#", value), name
        rest = 1e-9 if name.rpartition("_")[2] in NEAR_ZERO else 1e-12
        near, rest = (1e-5, 1e-5) if name.startswith("log") else (1e-7, rest)
        expected = [pytest.approx(float(one), rel=near, abs=rest) for one in NUMBER.findall(value)]
        assert [float(one) for one in NUMBER.findall(ours[name])] == expected, name


def table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write_pair(tmp_path, sitk_image(texture()), sitk_image(two_labels()))


@pytest.fixture
def cases(tmp_path: Path, files: tuple[str, str]) -> Path:
    """Two cases that can be measured, and between them one whose label is not there."""
    path = tmp_path / "cases.csv"
    lines = [f"{number},{files[0]},{files[1]},{label}" for number, label in enumerate((1, 9, 3))]
    path.write_text("\n".join(["ID,Image,Mask,Label", *lines]) + "\n", encoding="utf-8")
    return path


def test_imports_are_all_that_changes() -> None:
    for path in sorted(SCRIPTS.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        before, after = text.splitlines(), moved(text).splitlines()
        changed = [line for line, other in zip(before, after, strict=True) if line != other]
        assert changed, path.name
        assert all(line.startswith(("import radiomics", "from radiomics")) for line in changed)


@pytest.mark.usefixtures("radiomics")
def test_hello(tmp_path: Path, files: tuple[str, str]) -> None:
    ours, theirs = (run(tmp_path, "hello", *files, tmp_path / f"{own}.log", ours=own) for own in (True, False))
    active = [line for line in theirs.splitlines() if line.startswith("active")]
    assert active == [line for line in ours.splitlines() if line.startswith("active")]
    same(
        pairs("\n".join(ours.splitlines()[len(active) :])),
        pairs("\n".join(theirs.splitlines()[len(active) :])),
    )
    assert "WARNING:radiomics: setting 'enableCExtensions' is unknown" in (tmp_path / "True.log").read_text()


@pytest.mark.usefixtures("radiomics")
def test_feature_classes(tmp_path: Path, files: tuple[str, str]) -> None:
    ours, theirs = (pairs(run(tmp_path, "classes", *files, ours=own)) for own in (True, False))
    assert len(theirs) == 90 + 18 * (10 + 8)  # first order in LoG and wavelet images
    same(ours, theirs)


@pytest.mark.usefixtures("radiomics")
def test_batch(tmp_path: Path, cases: Path) -> None:
    results = []
    for own in (True, False):
        out, log = tmp_path / f"{own}.csv", tmp_path / f"{own}.log"
        assert run(tmp_path, "batch", cases, out, log, ours=own) == ""
        results.append(list(table(out)))
        assert log.read_text().count("ERROR:radiomics.batch: failed") == 1
        assert "INFO:radiomics.batch: version: " in log.read_text()
    assert [row["ID"] for row in results[1]] == ["0", "2"]
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs)


@pytest.mark.usefixtures("radiomics")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(tmp_path: Path, cases: Path, method: str) -> None:
    parameters = tmp_path / "Params.yaml"
    parameters.write_text(PARAMETERS, encoding="utf-8")
    results = []
    for own in (True, False):
        out = tmp_path / f"{own}.csv"
        run(tmp_path, "parallel", cases, out, parameters, method, ours=own)
        results.append(list(table(out)))
    assert [bool(row["original_glcm_Contrast"]) for row in results[1]] == [True, False, True]
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs)


@pytest.mark.usefixtures("radiomics")
def test_a_frame_of_all_cases(tmp_path: Path, cases: Path) -> None:
    parameters = tmp_path / "Params.yaml"
    parameters.write_text(PARAMETERS.replace("glcm", "firstorder"), encoding="utf-8")
    printed, tables, logs = [], [], []
    for own in (True, False):
        out, log = tmp_path / f"{own}.csv", tmp_path / f"{own}.log"
        printed.append(run(tmp_path, "frame", cases, parameters, out, log, ours=own))
        tables.append(list(table(out)))
        lines = log.read_text().splitlines()
        logs.append(sorted(line for line in lines if line.startswith(("INFO:radiomics", "ERROR:radiomics"))))
    same(*map(pairs, printed))
    assert [line.partition(":")[0] for line in logs[0]].count("ERROR") == 1
    assert logs[0] == logs[1]
    for ours, theirs in zip(*tables, strict=True):
        same(ours, theirs)


@pytest.mark.usefixtures("radiomics")
@pytest.mark.parametrize("name, lines", [("notebook", 71), ("explore", 100)])
def test_by_hand(tmp_path: Path, files: tuple[str, str], name: str, lines: int) -> None:
    log = [tmp_path / "log"] if name == "notebook" else []
    ours, theirs = (pairs(run(tmp_path, name, *files, *log, ours=own)) for own in (True, False))
    assert len(theirs) == lines
    same(ours, theirs)
