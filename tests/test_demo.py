"""The demo: a cohort that is the same everywhere, and the command that shows it."""

import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

import voxmill as vm
from voxmill.cli import app
from voxmill.demo import NAMES, NODE, PATIENTS, TUMOUR, DemoCase, Patient, make_cohort, make_patient
from voxmill.errors import SettingsError

# The cohort is the first thing that a newcomer sees, and its features are compared between machines: its voxels are
# part of what is promised. Whoever changes the anatomy types the new sums in; nothing else may change them.
SHA256 = {
    "chest-1": (
        "82addddd13937ac25a5e1192f8f437c2ee360c49a5bd379f1a2af084d17acf22",
        "02db99c2b801f1e381cf46ca31890f2e11cafa814b21827af838bfcf61276864",
    ),
    "chest-2": (
        "b0eb75d6e0ffd3178914cc5e1390c246118c2ba14fa890eae643df0336950f2e",
        "05aed404ecc23dddc205d12a67861eb7da23efa27965671e7898e0f047bd5dae",
    ),
    "chest-3": (
        "67c990ce3992aa4234ddb664ded6271d6166557306acf9f090c16f6ec78f2108",
        "51e72f6b14ab850df8de9bf16b92afe37d3fd9e3581c1e3c83fe96cb4098d507",
    ),
}

FILES = {
    *(f"{name}{suffix}" for name in SHA256 for suffix in (".seg.nrrd", ".png")),
    *("chest-1.nrrd", "chest-2.nii.gz", "chest-3.nrrd", "features.csv", "features.parquet", "features.json"),
}


def sha256(array: np.typing.NDArray[np.generic], dtype: str) -> str:
    return hashlib.sha256(array.astype(dtype).tobytes()).hexdigest()


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.name)
def test_the_voxels_are_the_same_on_every_machine(patient: Patient) -> None:
    image, mask = make_patient(patient)
    assert image.dtype == np.int16
    assert (sha256(image.array, "<i2"), sha256(mask.layers[0], "u1")) == SHA256[patient.name]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoCase, ...]:
    return make_cohort(tmp_path_factory.mktemp("cohort"))


def test_what_is_read_is_what_was_made(cohort: tuple[DemoCase, ...]) -> None:
    for case, patient in zip(cohort, PATIENTS, strict=True):
        image, mask = make_patient(patient)
        read = vm.read_image(case.image)
        read_mask = vm.read_mask(case.mask, read)
        assert (case.name, read.name) == (patient.name, patient.name)
        assert read.grid.matches(image.grid)
        np.testing.assert_array_equal(read.array, image.array)
        np.testing.assert_array_equal(read_mask.layers[0], mask.layers[0])
        assert {segment.label: segment.name for segment in read_mask.segments} == NAMES


def test_the_cases_differ_in_spacing_and_orientation() -> None:
    grids = {patient.name: make_patient(patient)[0].grid for patient in PATIENTS}
    assert len({grid.spacing for grid in grids.values()}) == 3
    assert np.diag(grids["chest-2"].direction).tolist() == [-1, -1, 1]
    oblique = grids["chest-3"].direction
    np.testing.assert_allclose(oblique.T @ oblique, np.eye(3), atol=1e-12)
    assert np.linalg.det(oblique) == pytest.approx(1, abs=1e-12)
    assert (abs(oblique).max(axis=0) < 0.99).all()
    for grid in grids.values():
        np.testing.assert_allclose(grid.points((np.array(grid.shape) - 1) / 2), 0, atol=1e-9)


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.name)
def test_it_could_be_a_chest(patient: Patient) -> None:
    image, mask = make_patient(patient)
    tumour, node = (image.array[mask.layers[0] == label] for label in (TUMOUR, NODE))
    assert tumour.size > 2000
    assert 100 < node.size < 1000
    assert 0 < np.median(tumour) < 60
    assert 10 < np.median(node) < 60
    assert np.percentile(tumour, 80) - np.percentile(tumour, 30) > 15
    lung, soft, bone = (((image.array > low) & (image.array < high)).mean() for low, high in HU_RANGES)
    assert lung > 0.1
    assert soft > 0.1
    assert 0.003 < bone < 0.1


HU_RANGES = ((-950, -700), (-50, 120), (350, 1200))


def test_every_feature_is_a_finite_number(cohort: tuple[DemoCase, ...]) -> None:
    for case in cohort:
        table = vm.extract(case.image, case.mask)
        assert [row.region for row in table.rows] == ["tumour", "lymph node"]
        for row in table.rows:
            assert row.error is None
            assert len(row.features) == 107
            assert all(math.isfinite(value) for value in row.features.values())


def run(folder: Path) -> Result:
    return CliRunner().invoke(app, ["demo", "--out", str(folder)])


def test_the_command_writes_what_it_says_and_can_be_run_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    first = run(folder)
    assert first.exit_code == 0, first.output
    assert {path.name for path in folder.iterdir()} == FILES
    assert all(name in first.output for name in FILES)
    assert "\x1b" not in first.output
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = run(folder)
    assert (again.exit_code, again.output) == (0, first.output)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_its_tables_hold_every_region_and_feature(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 0
    rows = json.loads((tmp_path / "features.json").read_text())["rows"]
    assert [(row["case"], row["region"]) for row in rows] == [
        (patient.name, region) for patient in PATIENTS for region in ("tumour", "lymph node")
    ]
    table = pq.read_table(tmp_path / "features.parquet")
    assert table.column("original_shape_MeshVolume").to_pylist() == [
        row["features"]["original_shape_MeshVolume"] for row in rows
    ]
    assert len((tmp_path / "features.csv").read_text().splitlines()) == 1 + len(rows)


def test_its_output_fits_a_terminal_of_80_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    output = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["demo"]).stdout
    long = [line for line in output.splitlines() if len(line) > 80]
    assert all(line.startswith("  voxmill extract") for line in long)
    assert "…" not in output
    assert "gldm_DependenceEntropy" in output
    assert "chest-3  160 x 112 x 32 voxels of 2.25 x 2.25 x 4 mm, oblique" in output


def test_what_it_tells_to_try_next_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = CliRunner().invoke(app, ["demo"]).output.replace("\\\n", "").splitlines()
    commands = [line.split()[1:] for line in lines if line.startswith("  voxmill extract")]
    assert len(commands) == 2
    for command in commands:
        assert CliRunner().invoke(app, command).exit_code == 0
    assert (tmp_path / "tumour.csv").is_file()
    snippet = "\n".join(line.strip() for line in lines[lines.index("  import voxmill as vm") :])
    ran = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, float(ran.stdout) > 0) == (0, True), ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no home folder")
def test_it_says_nothing_of_a_home_folder_that_is_not_there(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("MPLCONFIGDIR", "XDG_CONFIG_HOME")}
    environment = {"XDG_CACHE_HOME": str(Path.home() / ".cache"), **environment, "HOME": os.devnull}
    command = [sys.executable, "-m", "voxmill", "demo", "--out", str(tmp_path / "demo")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    assert "atplotlib" not in done.stderr


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = run(tmp_path)
    assert isinstance(result.exception, SettingsError)
    assert str(result.exception) == (
        f"{tmp_path}: holds 'mine.txt', which the demo did not make; choose a folder with --out"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file")
    assert isinstance(result.exception, SettingsError)
    assert "the folder cannot be used" in str(result.exception)
