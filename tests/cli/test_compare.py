"""`voxmill compare`: both sides of a case, what differs, and what is said where PyRadiomics is not."""

import json
import math
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from small_images import case, write_case
from voxmill.cli import main
from voxmill.comparison import MARK, Comparison, Pair, _ours, compare, natural_scale
from voxmill_kernels.jit import kernel_cache


@pytest.fixture(scope="module", autouse=True)
def warm_kernels() -> None:
    """Or the first command would say that it compiles them."""
    vm.extract(*case())
    kernel_cache().mark_warm()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_case(tmp_path)


class Command:
    """The command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> tuple[object, str, str]:
        """The exit code, and what was written to standard output and error."""
        self.monkeypatch.setattr(sys, "argv", ["voxmill", "compare", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return (left.value.code or 0, *self.capsys.readouterr())


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def answering(folder: Path, answer: object) -> Path:
    """A Python that answers so, whatever it is asked."""
    path = folder / "python-of-mine"
    path.write_text(f"#!{sys.executable}\nprint({MARK + json.dumps(answer)!r})\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.usefixtures("no_look_for_gpus")
def test_ours_is_done_on_the_cpu(files: tuple[Path, Path]) -> None:
    assert _ours(*files, vm.Settings(labels=(1,)))


@pytest.mark.usefixtures("radiomics")
@pytest.mark.parametrize("python", [[], ["--python", sys.executable]], ids=["this", "named"])
def test_both_agree(command: Command, files: tuple[Path, Path], python: list[str]) -> None:
    code, out, err = command(*files, *python)
    agreeing, times = out.splitlines()
    assert (code, err) == (0, "")
    assert agreeing.startswith("107 of 107 features agree within 1e-6 of their natural scale")
    assert times.startswith("Voxmill 0.")
    assert "PyRadiomics v3.0.1 " in times


@pytest.mark.usefixtures("radiomics")
def test_settings_and_label_reach_both(files: tuple[Path, Path], tmp_path: Path) -> None:
    parameters = tmp_path / "Params.yaml"
    parameters.write_text("setting: {binWidth: 10}\nfeatureClass: {glcm: [Contrast]}\n", encoding="utf-8")
    found = {label: compare(*files, parameters=parameters, label=label) for label in (None, 1, 3)}
    for comparison in found.values():
        ((pair,), ()) = comparison.agreeing, comparison.differing
        assert pair.name == "original_glcm_Contrast"
    assert found[None].pairs == found[1].pairs != found[3].pairs


def test_differences_are_listed(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    values = dict(vm.extract(*files, labels=1).rows[0].features)
    values["original_firstorder_Variance"] *= 1.001
    values["original_firstorder_Energy"] *= 1 + 1e-8
    del values["original_firstorder_Range"]
    python = answering(tmp_path, {"version": "v0", "seconds": 2.0, "values": values | {"original_new": 1.0}})
    code, out, _ = command(*files, "--python", python)
    lines = out.splitlines()
    assert code == 1
    assert lines[0].split() == ["feature", "Voxmill", "PyRadiomics", "relative"]
    listed = {line.split()[0]: line.split()[1:] for line in lines[1:4]}
    assert set(listed) == {"original_new", "original_firstorder_Range", "original_firstorder_Variance"}
    assert listed["original_new"] == ["none", "1.0", "inf"]
    assert listed["original_firstorder_Range"][1:] == ["none", "inf"]
    assert listed["original_firstorder_Variance"][2] == "1.0e-03"
    assert lines[5].startswith("105 of 108 features agree within 1e-6")
    assert lines[5].endswith("original_firstorder_Energy, by 1.0e-08")
    assert "PyRadiomics v0 2.000 s" in lines[6]


def test_images_that_one_does_not_make_are_a_line(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    parameters = tmp_path / "Params.yaml"
    parameters.write_text(
        "imageType: {Original: {}, Gradient: {}, LBP3D: {}}\nfeatureClass: {firstorder: [Mean, Range]}\n",
        encoding="utf-8",
    )
    features = vm.extract(*files, settings=parameters).rows[0].features
    values = {name: value for name, value in features.items() if not name.startswith("lbp")} | {"square_glcm_Id": 1.0}
    said = ["sigma has no effect", 'Could not load "trimesh"', 'Could not load "trimesh"']
    answer = {"version": "v0", "seconds": 2.0, "values": values, "said": said}
    code, out, _ = command(*files, "--settings", parameters, "--python", answering(tmp_path, answer))
    assert code == 1
    assert out.splitlines()[:5] == [
        "Voxmill does not make square (1 feature)",
        "PyRadiomics does not make lbp-3D-m1, lbp-3D-m2, lbp-3D-k (6 features)",
        "PyRadiomics says: sigma has no effect",
        'PyRadiomics says: Could not load "trimesh"',
        "4 of 4 features agree within 1e-6 of their natural scale",
    ]


@pytest.mark.usefixtures("radiomics")
def test_what_pyradiomics_warns_of_is_heard(files: tuple[Path, Path], tmp_path: Path) -> None:
    parameters = tmp_path / "Params.yaml"
    parameters.write_text("featureClass: {glcm: [Contrast, SumVariance]}\n", encoding="utf-8")
    assert any("SumVariance" in one for one in compare(*files, parameters=parameters).said)


@pytest.mark.parametrize(
    "ours, theirs, apart",
    [
        (1.0, 1.0, 0),
        (math.nan, math.nan, 0),
        (1e-14, 0.0, 0),
        (2.0, 1.0, 1),
        (1.0, -2.0, 1.5),
        (1.0, 0.0, math.inf),
        (1.0, math.nan, math.inf),
        (math.nan, 1.0, math.inf),
        (math.inf, math.inf, 0),
        (None, 1.0, math.inf),
        (1.0, None, math.inf),
    ],
)
def test_how_far_apart(ours: float | None, theirs: float | None, apart: float) -> None:
    pair = Pair("x", ours, theirs, abs(theirs or 0))
    assert pair.apart == apart
    assert pair.agrees == (apart == 0)


@pytest.mark.parametrize(
    "column, scale",
    [
        ("log-sigma-1-0-mm-3D_firstorder_Mean", 40.0),
        ("original_firstorder_Skewness", 1.0),
        ("wavelet-LLH_glcm_Correlation", 1.0),
        ("wavelet-LLH_glcm_Contrast", 0.25),
    ],
)
def test_natural_scales(column: str, scale: float) -> None:
    assert natural_scale(column, -0.25, 40.0) == scale
    assert natural_scale(column, -0.25, 0.0) == (0.25 if scale == 40 else scale)


@pytest.mark.usefixtures("radiomics")
def test_a_mean_near_0_is_no_alarm(command: Command, tmp_path: Path) -> None:
    """Of an image that is float32: its mean may differ by more than a millionth of itself."""
    voxels = np.random.default_rng(6).normal(100, 30, (12, 18, 20)).astype(np.float32)
    image = vm.Volume(voxels, spacing=(1, 1, 1))
    labels = np.zeros(voxels.shape, np.uint8)
    labels[1:-1, 1:-1, 1:-1] = 1
    vm.write_image(image, tmp_path / "image.nrrd")
    vm.write_mask(vm.Mask(labels, image.grid), tmp_path / "mask.nrrd")
    settings = tmp_path / "Params.yaml"
    settings.write_text("imageType: {LoG: {sigma: [0.7, 1.0, 2.0]}}\nfeatureClass: {firstorder: }\n", encoding="utf-8")
    code, out, _ = command(tmp_path / "image.nrrd", tmp_path / "mask.nrrd", "--settings", settings)
    assert (code, out.splitlines()[0][:52]) == (0, "54 of 54 features agree within 1e-6 of their natural")


def test_the_farthest_come_first() -> None:
    pairs = tuple(Pair(str(value), value, 1.0, 1.0) for value in (1.0, 1 + 1e-9, 3.0, 2.0, 1 + 1e-8))
    found = Comparison(pairs, "", 1, 1)
    assert [pair.name for pair in found.differing] == ["3.0", "2.0"]
    assert [pair.ours for pair in found.agreeing] == [1 + 1e-8, 1 + 1e-9, 1.0]


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (
            {"missing": "No module named 'radiomics'"},
            "PyRadiomics cannot be imported in python-of-mine (No module named",
        ),
        ({"refused": "ValueError: no"}, "PyRadiomics refuses this case: ValueError: no"),
    ],
    ids=["missing", "refused"],
)
def test_where_pyradiomics_gives_nothing(
    command: Command, files: tuple[Path, Path], tmp_path: Path, answer: object, sentence: str
) -> None:
    code, out, err = command(*files, "--python", answering(tmp_path, answer))
    assert (code, out) == (3, "")
    assert err.startswith(f"voxmill: {sentence}")
    assert err.count("\n") == 1
    assert "missing" not in err or "pyradiomics==3.0.1" in err


def test_other_refusals(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    assert command(*files, "--python", nothing)[::2] == (
        2,
        "voxmill: --python: nothing cannot be run: No such file or directory; give the path of a Python\n",
    )
    dying = tmp_path / "dying"
    dying.write_text("#!/bin/sh\necho 'no such library' >&2\nexit 3\n", encoding="utf-8")
    dying.chmod(0o700)
    assert command(*files, "--python", dying)[::2] == (
        3,
        "voxmill: dying: ended with code 3 before PyRadiomics could answer: no such library\n",
    )
    assert command(*files, "--label", 9)[0] == 3
    mine = tmp_path / "mine.yaml"
    mine.write_text("discretise: {bin_width: 3}\n", encoding="utf-8")
    assert "mine.yaml: unknown section 'discretise'" in command(*files, "--settings", mine)[2]
