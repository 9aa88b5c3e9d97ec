"""`voxmill features`: the catalogue, as CSV and on a terminal."""

import csv
import io
import sys

import pytest

from voxmill.cli import main
from voxmill.cli.show import show_catalogue
from voxmill_kernels.features.catalogue import CATALOGUE, FAMILIES, STANDARD


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["voxmill", "features", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_csv_has_every_feature(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(CATALOGUE)
    assert list(rows[0]) == ["family", "name", "ibsi", "unit", "definition", "source", "deprecated"]
    assert [(row["family"], row["name"], row["ibsi"]) for row in rows] == [
        (f.family, f.name, f.ibsi) for f in CATALOGUE
    ]
    assert all(row["unit"] and row["definition"] and row["source"] for row in rows)
    contrast = next(row for row in rows if (row["family"], row["name"]) == ("glcm", "Contrast"))
    assert (contrast["ibsi"], contrast["deprecated"]) == ("ACUI", "")
    dissimilarity = next(row for row in rows if row["name"] == "Dissimilarity")
    assert (dissimilarity["ibsi"], dissimilarity["deprecated"]) == ("8S9J", "DifferenceAverage")


@pytest.mark.parametrize("family", FAMILIES)
def test_one_family(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], family: str) -> None:
    assert run(monkeypatch, family) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows] == [feature.name for feature in FAMILIES[family]]


def test_an_unknown_family(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "glmc") == 2
    assert capsys.readouterr() == ("", "voxmill: unknown feature family 'glmc'; did you mean 'glcm'?\n")


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_catalogue({"glcm": FAMILIES["glcm"]})
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("glcm")
    apart = next(place for place, line in enumerate(lines) if line.startswith("Deprecated"))
    assert sum(line.startswith(STANDARD["glcm"]) for line in lines[:apart]) == 24
    listed = [line.split()[0] for line in lines[apart:] if line.startswith(("Diss", "Homo", "SumV"))]
    assert listed == ["Dissimilarity", "Homogeneity1", "Homogeneity2", "SumVariance"]
