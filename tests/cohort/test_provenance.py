"""What stands beside the tables: the dictionary as CSVW, run.json, and the RO-Crate."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from csvw import CSVW

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort, write_table
from voxmill.cohort import CohortRun, Forms, Wanted, run_cohort
from voxmill.cohort.layout import OUTPUTS
from voxmill.cohort.versions import versions
from voxmill_kernels.features.catalogue import CATALOGUE

SETTINGS = {**FEW, "images": ["original", "wavelet"], "diagnostics": True}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> CohortRun:
    folder = tmp_path_factory.mktemp("run")
    return run_cohort(write_cohort(folder, 2), folder / "out", settings=SETTINGS, forms=Forms(long=True, csv=True))


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever is in it
    return json.loads(path.read_text(encoding="utf-8"))


def test_all_files_are_there_and_nothing_else(done: CohortRun) -> None:
    assert {path.name for path in done.folder.iterdir()} == {*OUTPUTS, "ledger"}


def test_the_dictionary_has_every_column(done: CohortRun) -> None:
    with (done.folder / "dictionary.csv").open(newline="", encoding="utf-8") as file:
        lines = {line["name"]: line for line in csv.DictReader(file)}
    assert list(lines) == pq.read_schema(done.features).names
    line = lines["wavelet-LLH_glcm_Contrast"]
    (feature,) = [one for one in CATALOGUE if one.full_name == "glcm_Contrast"]
    assert (line["image_type"], line["family"], line["feature"]) == ("wavelet-LLH", "glcm", "Contrast")
    assert (line["ibsi"], line["unit"], line["definition"]) == (feature.ibsi, feature.unit, feature.definition)
    assert all(line["definition"] for line in lines.values())


def test_the_dictionary_is_csv_on_the_web(done: CohortRun) -> None:
    table = CSVW(str(done.folder / "dictionary.csv-metadata.json"), validate=True)
    assert table.is_valid, table.warnings
    (one,) = table.tables
    assert [column["name"] for column in one] == pq.read_schema(done.features).names


def test_run_json_says_how_it_was_done(done: CohortRun) -> None:
    run = read_json(done.folder / "run.json")
    assert vm.Settings.parse(run["settings"]) == vm.Settings.parse(SETTINGS)
    assert run["versions"]["Voxmill"] == vm.__version__
    assert run["counts"] == {
        "cases": 2,
        "done": 2,
        "failed": 0,
        "before": 0,
        "measured": 2,
        "rows": 4,
        "failures": 0,
        "not_converted": 0,
        "not_converted_again": 0,
        "not_converted_yet": 0,
        "missing": 0,
        "without_mask": 0,
    }
    assert set(run["took"]["seconds"]) == {"read", "prepare", "filter", "count", "features", "write"}
    assert min(run["took"]["seconds"].values()) > 0
    assert run["took"]["cpu_s"] > 0
    assert run["begun"] <= run["ended"]
    for name, digest in run["outputs"].items():
        assert hashlib.sha256((done.folder / name).read_bytes()).hexdigest() == digest
    assert str(done.folder.parent) not in (done.folder / "run.json").read_text()


def test_all_versions_are_told_that_cases_were_measured_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    with monkeypatch.context() as other:
        other.setattr("voxmill.cohort.job.versions", lambda: {**versions(), "NumPy": "1.0"})
        run_cohort(cohort, out, settings=FEW, wanted=Wanted(limit=1))
    run_cohort(cohort, out, settings=FEW)
    run, here = read_json(out / "run.json"), versions()
    assert run["versions"] == here
    assert run["measured_with"] == {name: [one] for name, one in here.items()} | {"NumPy": ["1.0", here["NumPy"]]}
    assert f"NumPy 1.0 and {here['NumPy']}" in (out / "methods.md").read_text()


def test_inputs_are_told_by_digest(done: CohortRun) -> None:
    rows = rows_of(done.folder / "inputs.parquet")
    image = vm.read_image(done.folder.parent / "scan0.nrrd")
    assert rows[1]["case"] == "case 2"
    assert rows[1]["image_sha256"] == image.digest
    assert rows[1]["mask_sha256"] == vm.read_mask(done.folder.parent / "scan0.seg.nrrd").digest


def test_the_crate_describes_every_file(done: CohortRun) -> None:
    """The required properties of RO-Crate 1.1 and Process Run Crate 0.5; roc-validator needs the network for more."""
    crate = read_json(done.folder / "ro-crate-metadata.json")
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {one["@id"]: one for one in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    about, root, action = entities["ro-crate-metadata.json"], entities["./"], entities["#run"]
    assert (about["about"], about["conformsTo"]) == ({"@id": "./"}, {"@id": "https://w3id.org/ro/crate/1.1"})
    assert {"name", "description", "datePublished", "license"} <= set(root)
    assert entities[root["conformsTo"]["@id"]]["name"] == "Process Run Crate"
    files = {one["@id"] for one in root["hasPart"]}
    assert files == set(OUTPUTS) - {"ro-crate-metadata.json"}
    assert {one["@id"] for one in action["result"]} == files
    assert entities[action["instrument"]["@id"]]["softwareVersion"] == vm.__version__
    for name in files - {"run.json"}:
        assert int(entities[name]["contentSize"]) == (done.folder / name).stat().st_size
    assert all(
        one in entities for one in references(crate["@graph"]) if not one.startswith("https://w3id.org/ro/crate")
    )


def references(value: object) -> set[str]:
    """The ids that entities refer to."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    return {value["@id"]} if set(value) == {"@id"} else set().union(*map(references, value.values()))


def test_methods_tell_of_flat_images_and_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    image = vm.Volume(np.arange(400, dtype=np.int16).reshape(20, 20), spacing=(1, 1))
    vm.write_image(image, tmp_path / "flat.nrrd")
    vm.write_mask(vm.Mask(np.ones((20, 20), np.uint8), image.grid), tmp_path / "mask.nrrd")
    table = write_table(tmp_path, [{"case": "flat", "image": "flat.nrrd", "mask": "mask.nrrd"}])
    vm.convert(table, tmp_path / "cohort.zarr")
    flat, settled = "Of flat images, shape in 2D was measured", "was decided when the store was made"
    for cohort, is_stored in ((table, False), (tmp_path / "cohort.zarr", True)):
        done = run_cohort(cohort, tmp_path / f"out{is_stored}", settings={"features": ["shape"]})
        said = (done.folder / "methods.md").read_text()
        assert flat in said
        assert (settled in said) is is_stored
    solid = run_cohort(write_cohort(tmp_path, 1), tmp_path / "solid", settings=FEW)
    assert flat not in (solid.folder / "methods.md").read_text()
