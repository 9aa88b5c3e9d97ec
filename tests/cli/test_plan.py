"""`voxmill plan`: tables on a terminal, CSV when piped, regions that fail as sentences, and the exit code."""

import csv
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from voxmill.cli import main

FILTERS = "{original: {}, log: {sigma_mm: [1.0, 90.0]}, wavelet: {}, square: {}}"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A tumour, a dot that cannot be measured, and settings."""
    image = vm.Volume(np.arange(4000, dtype=np.int16).reshape(10, 20, 20), spacing=(1, 1, 2.5))
    labels = np.zeros(image.array.shape, dtype=np.uint8)
    labels[3:6, 5:12, 5:10], labels[8, 8, 8] = 1, 2
    vm.write_image(image, tmp_path / "ct.nrrd")
    vm.write_mask(vm.Mask(labels, image.grid, names={1: "tumour", 2: "dot"}), tmp_path / "mask.seg.nrrd")
    (tmp_path / "mine.yaml").write_text(f"images: {FILTERS}\n", encoding="utf-8")
    return [str(tmp_path / "ct.nrrd"), str(tmp_path / "mask.seg.nrrd"), "--settings", str(tmp_path / "mine.yaml")]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["voxmill", "plan", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_piped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    assert run(monkeypatch, *files) == 1
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out), strict=True))
    assert {row["region"] for row in rows} == {"tumour"}
    assert all(None not in row.values() for row in rows)
    fact, read, log, *_ = rows
    assert (fact["step"], fact["images"]) == ("find intensities from 0 to 3999 of the whole image", "square")
    assert (read["step"], read["x"], read["y"], read["z"]) == ("read", "20", "20", "10")
    assert (read["z_mm"], read["halo_x"], read["bytes"]) == ("25", "", "8000")
    assert (log["step"], log["images"]) == ("Laplacian of Gaussian, 1 mm", "log-sigma-1-0-mm-3D")
    assert [log[name] for name in ("x", "y", "z", "x_mm", "y_mm", "z_mm")] == ["5", "7", "3", "5", "7", "7.5"]
    note, error = err.splitlines()
    assert note.startswith("voxmill: tumour: log: left out: LoG with a sigma of 90 mm needs at least")
    assert error == "voxmill: region dot: 1 voxel, at least 2 are needed (min_region_voxels)"


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    monkeypatch.setattr("voxmill.cli.streams.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    assert run(monkeypatch, *files) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "Region tumour: 5 x 7 x 3 voxels"
    assert lines[1].split() == ["step", "for", "voxels", "mm", "halo", "MB"]
    assert lines[3].split() == ["read", "all", "20", "x", "20", "x", "10", "20", "x", "20", "x", "25", "0.01"]
    assert any(
        line.startswith("Found first: intensities from 0 to 3999 of the whole image, for square") for line in lines
    )
    assert sum(line.startswith("tumour: log: left out") for line in lines) == 1
    assert "(axis=" not in out
    assert "dot" not in out
    assert err.startswith("voxmill: region dot: 1 voxel")


@pytest.mark.parametrize("label, code", [("tumour", 0), ("dot", 3)])
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, files: list[str], label: str, code: int) -> None:
    assert run(monkeypatch, *files, "--label", label) == code
