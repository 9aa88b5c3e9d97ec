"""Every adapter that can run here, once on a small region; and the driver, from a workload to README's table."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import records
import run
from environments import ENVIRONMENTS, ROOT
from measure import measure_pass, measure_turn
from promises import PROMISES, verdicts
from table import markdown, milliseconds
from tools import TOOLS
from workloads import SMALL, Case, Workload, load, store, synthetic

LEVELS = range(15, 45)
FEATURES, OF_AN_IMAGE = 107, 93


@pytest.fixture(scope="module", params=[False, True], ids=["original", "filtered"])
def case(request: pytest.FixtureRequest) -> Case:
    return replace(synthetic(2_000, shape=SMALL), filtered=request.param)


@pytest.mark.parametrize("function", ["bare_arrays", "prepared", "simpleitk_images"])
def test_our_adapter_computes_all_features(case: Case, function: str) -> None:
    from peers import voxmill

    values = voxmill.features(getattr(voxmill, function)(case)())
    assert len(values) == FEATURES + (11 * OF_AN_IMAGE if case.filtered else 0)
    assert values == voxmill.features(voxmill.bare_arrays(case)())


def test_pyradiomics_computes_the_same_features(case: Case, radiomics: ModuleType) -> None:
    from peers import pyradiomics, voxmill

    ours = voxmill.features(voxmill.bare_arrays(case)())
    for prepare in (pyradiomics.features_only, pyradiomics.with_information):
        theirs = pyradiomics.features(prepare(case)())
        assert theirs.keys() == ours.keys()
        alike = {name for name in ours if not name.startswith("log")}  # LoG is a sum in float32 there
        assert {name: theirs[name] for name in alike} == pytest.approx({name: ours[name] for name in alike}, rel=1e-9)


def test_every_tool_has_its_adapter() -> None:
    for tool in TOOLS.values():
        text = (Path(run.__file__).parent / "peers" / f"{tool.adapter}.py").read_text()
        assert f"def {tool.function}(case: Case)" in text


@pytest.mark.parametrize("voxels", [1_000, 10_000])
def test_a_region_has_its_size_an_irregular_border_and_some_thirty_levels(voxels: int) -> None:
    case = synthetic(voxels, shape=(80, 80, 80))
    inside = case.labels > 0
    assert inside.sum() == voxels
    assert len(np.unique(case.image[inside] // 25)) in LEVELS
    box = np.ptp(np.nonzero(inside), axis=1) + 1
    assert voxels < 0.5 * np.prod(box)  # a plain ellipsoid fills π/6 of its box


def test_a_workload_is_the_same_each_time_it_is_made_and_kept(tmp_path: Path) -> None:
    facts = [store(iter([synthetic(500, seed=seed, shape=SMALL) for seed in range(2)]), tmp_path) for _ in range(2)]
    assert facts[0] == facts[1]
    cases = list(load(tmp_path))
    assert [int(case.labels.sum()) for case in cases] == [500, 500]
    assert not np.array_equal(cases[0].image, cases[1].image)


def test_a_pass_ends_when_its_time_is_over_and_a_turn_goes_on_until_it_is() -> None:
    calls: list[int] = []
    assert measure_pass([lambda: calls.append(1)] * 5, limit_s=0).cases == 1
    assert measure_pass([lambda: calls.append(1)] * 5).cases == 5
    assert measure_turn([lambda: calls.append(1)])["passes"] > 1


def test_the_driver_measures_records_and_makes_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Workload("two small regions", lambda: iter([synthetic(800, seed=seed, shape=SMALL) for seed in range(2)]))
    monkeypatch.setattr("rounds.WORKLOADS", {"1e4": small})
    monkeypatch.setattr("records.RECORDS", tmp_path)
    run.main(["--workloads", "1e4", "--peers", "voxmill-prepared", "--repeats", "2", "--record", "test"])
    (path,) = tmp_path.glob("*-test.json")
    record = json.loads(path.read_text())
    assert [(one["tool"], one["features"], one["cases"]) for one in record["results"]] == [
        ("voxmill", 107, 2),
        ("voxmill-prepared", 107, 2),
    ]
    capsys.readouterr()
    run.main(["--table", "test"])
    assert "| two small regions | **" in capsys.readouterr().out


def test_a_tool_that_fails_is_a_sentence_and_a_dash(tmp_path: Path) -> None:
    ours = {"tool": "voxmill", "workload": "1e4", "cpu_s": 0.002, "peak_bytes": 3e6}
    failed = {"tool": "pictologics", "workload": "1e4", "error": "MemoryError: no more"}
    record = {**records.surroundings(), "workloads": {"1e4": {"title": "a region"}}, "results": [ours, failed]}
    assert "| a region | **2.00 ms** | – |" in markdown(record)
    assert len(verdicts(record)) == len(PROMISES)


def test_times_have_three_digits() -> None:
    assert [milliseconds(one) for one in (0.0012345, 0.012345, 1.2345)] == ["1.23 ms", "12.3 ms", "1,234 ms"]


def test_every_environment_is_pinned_to_the_version_of_its_tool() -> None:
    for name, environment in ENVIRONMENTS.items():
        (pins,) = [argument for argument in environment.install if argument.endswith(".txt")]
        assert re.search(rf"^{name}=={re.escape(environment.version)}\b", (ROOT / pins).read_text(), re.MULTILINE)
