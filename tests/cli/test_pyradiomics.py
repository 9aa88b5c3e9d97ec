"""`voxmill pyradiomics`: PyRadiomics' arguments in, its layouts out, our exit codes; and its own command beside it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from small_images import case, sitk_image, texture, two_labels, write_case
from voxmill.cli import main
from voxmill.pyradiomics.logs import handler, logger
from voxmill_kernels.jit import kernel_cache

FEATURE = "original_glcm_Contrast"
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
FEW = "featureClass: {firstorder: [Mean], glcm: [Contrast]}\nsetting: {additionalInfo: false}\n"
LOG = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] (?P<level>[A-Z]): radiomics\S*: (?P<text>.*)\n")


class Command:
    """The command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> tuple[object, str, str]:
        """The exit code, and what was written to standard output and error."""
        self.monkeypatch.setattr(sys, "argv", ["voxmill", "pyradiomics", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return (left.value.code or 0, *self.capsys.readouterr())


@pytest.fixture(scope="module", autouse=True)
def warm_kernels() -> None:
    """Or the first command would say that it compiles them."""
    vm.extract(*case())
    kernel_cache().mark_warm()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_case(tmp_path)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(FEW, encoding="utf-8")
    return path


@pytest.fixture
def batch(tmp_path: Path, files: tuple[Path, Path]) -> Path:
    """Three cases by relative paths: label 1, a label that is not there, label 3."""
    del files
    path = tmp_path / "cases.csv"
    rows = [f"{name},scan.nrrd,scan.seg.nrrd,{label}" for name, label in (("a", 1), ("b", 9), ("c", 3))]
    path.write_text("\n".join(["ID,Image,Mask,Label", *rows]) + "\n", encoding="utf-8")
    return path


def test_text_is_the_default(command: Command, files: tuple[Path, Path], few: Path) -> None:
    code, out, err = command(*files, "--param", few)
    (row,) = vm.extract(*files, settings=vm.Settings.from_pyradiomics(few)).rows
    mean, contrast = row.features["original_firstorder_Mean"], row.features[FEATURE]
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"Case-1_Image: {files[0]}",
        f"Case-1_Mask: {files[1]}",
        f"Case-1_original_firstorder_Mean: {mean}",
        f"Case-1_{FEATURE}: {contrast}",
    ]


def test_json_has_a_dictionary_per_case(command: Command, files: tuple[Path, Path]) -> None:
    code, out, _ = command(*files, "-f", "json")
    (found,) = json.loads(out)
    assert code == 0
    assert list(found)[:3] == ["Image", "Mask", "diagnostics_Versions_PyRadiomics"]
    assert found["diagnostics_Mask-original_BoundingBox"] == [2, 0, 1, 11, 11, 7]
    assert isinstance(found[FEATURE], float)


@pytest.mark.parametrize("jobs", [1, min(2, os.cpu_count() or 1)])
def test_a_bad_case_does_not_end_a_batch(command: Command, batch: Path, few: Path, jobs: int) -> None:
    code, out, err = command(batch, "-p", few, "-f", "csv", "-j", jobs)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert [row["ID"] for row in rows] == ["a", "b", "c"]
    assert [bool(row[FEATURE]) for row in rows] == [True, False, True]
    assert rows[0][FEATURE] != rows[2][FEATURE]
    if jobs == 1:  # processes write to the terminal itself
        said = LOG.fullmatch(err)
        assert said is not None
        assert said["level"] == "E"
        assert said["text"].startswith("case 2: ")


def test_all_bad_cases(command: Command, batch: Path, few: Path) -> None:
    batch.write_text("Image,Mask\nnone.nrrd,none.nrrd\n", encoding="utf-8")
    assert command(batch, "-p", few)[0] == 3


def test_later_columns_come_last(command: Command, batch: Path, few: Path) -> None:
    batch.write_text("Image,Mask,Label\nscan.nrrd,scan.seg.nrrd,9\nscan.nrrd,scan.seg.nrrd,\n", encoding="utf-8")
    _, out, _ = command(batch, "-p", few, "-f", "csv")
    header, failed, measured = out.splitlines()
    assert header == "Image,Mask,Label,original_firstorder_Mean,original_glcm_Contrast"
    assert failed.endswith(",9,,")
    assert not measured.endswith(",")


def test_out_is_appended_to(command: Command, files: tuple[Path, Path], few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for _ in range(2):
        assert command(*files, "-p", few, "-f", "csv", "-o", out)[:2] == (0, "")
    lines = out.read_text().splitlines()
    assert lines[:2] == lines[2:]


@pytest.mark.parametrize(
    "form, shown", [("absolute", "{folder}/scan.nrrd"), ("relative", "scan.nrrd"), ("basename", "scan.nrrd")]
)
def test_paths(command: Command, batch: Path, few: Path, form: str, shown: str) -> None:
    _, out, _ = command(batch, "-p", few, "--format-path", form, "--unix-path")
    assert out.splitlines()[1] == "Case-1_Image: " + shown.format(folder=batch.parent)


def test_settings_go_before_parameters(command: Command, files: tuple[Path, Path], few: Path) -> None:
    overrides = ["binWidth:5", "label:3", "distances:1,2", "additionalInfo:true"]
    code, out, _ = command(*files, "-p", few, *[part for one in overrides for part in ("-s", one)], "-f", "json")
    (found,) = json.loads(out)
    settings = vm.Settings.from_pyradiomics(few).changed(
        {"discretise": {"bin_width": 5}, "labels": 3, "distances": (1, 2)}
    )
    (row,) = vm.extract(*files, settings=settings).rows
    assert code == 0
    assert found[FEATURE] == row.features[FEATURE]
    used = found["diagnostics_Configuration_Settings"]
    assert (used["binWidth"], used["label"], used["distances"], used["additionalInfo"]) == (5.0, 3, [1, 2], True)
    assert (
        command(*files, "-p", few, "--label", 3, "-f", "json")[1]
        == command(*files, "-p", few, "-s", "label:3", "-f", "json")[1]
    )


def test_undefined_features_can_be_left_out(command: Command, tmp_path: Path) -> None:
    labels = np.zeros((3, 3, 5), dtype=np.uint8)
    labels[0, 0, 0] = labels[2, 2, 4] = labels[0, 2, 2] = 1
    paths = tmp_path / "image.nrrd", tmp_path / "mask.nrrd"
    sitk.WriteImage(sitk_image(texture(labels.shape)), paths[0])
    sitk.WriteImage(sitk_image(labels), paths[1])
    _, out, _ = command(*paths, "-v", 1)
    _, left, _ = command(*paths, "-v", 1, "--skip-nans")
    undefined = [line for line in out.splitlines() if line.endswith(": nan")]
    assert undefined
    assert left.splitlines() == [line for line in out.splitlines() if line not in undefined]


def test_results_are_kept_and_read_again(command: Command, batch: Path, few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    first = command(batch, "-p", few, "-f", "csv", "-od", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["features_1.csv", "features_3.csv"]
    kept = folder / "features_1.csv"
    kept.write_text(kept.read_text().replace("scan.nrrd", "other.nrrd"))
    again = command(batch, "-p", few, "-f", "csv", "-od", folder)
    assert again[1] == first[1].replace("scan.nrrd", "other.nrrd", 1)
    kept.write_text("")
    assert (
        "case 1: features_1.csv: holds no result of one case; delete it" in command(batch, "-p", few, "-od", folder)[2]
    )


def test_log_file(command: Command, files: tuple[Path, Path], few: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    _, _, err = command(*files, "-p", few, "-s", "correctMask:1", "--log-file", log, "--logging-level", "INFO")
    assert err == ""
    said = [LOG.fullmatch(line) for line in log.read_text().splitlines(keepends=True)]
    texts = [(line["level"], line["text"]) for line in said if line is not None]
    assert len(texts) == len(said)
    assert texts.count(("I", "case 1: begun")) == 1
    assert texts[-1] == ("I", "Computing glcm")
    assert command(*files, "-p", few, "-v")[2].count("I: radiomics.script: case 1: begun") == 1


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (["{image}"], 3, "scan.nrrd: no mask is given; add its path, or give a .csv file of cases"),
        (["none.csv"], 3, "none.csv: cannot be read: No such file or directory; check its path"),
        (["{batch}"], 3, "bad.csv: there is no column Mask; give it columns Image and Mask"),
        (["{image}", "{mask}", "--mode", "voxel"], 2, "--mode voxel: maps of voxels come in a later version; "),
        (["{image}", "{mask}", "-s", "binWith:3"], 2, "--setting: unknown 'binWith'; did you mean 'binWidth'?"),
        (["{image}", "{mask}", "-s", "binWidth:x"], 2, "--setting binWidth must be a number above 0; found 'x'"),
        (["{image}", "{mask}", "-s", "force2D:x"], 2, "--setting force2D must be true or false; found 'x'"),
        (["{image}", "{mask}", "-s", "label"], 2, "--setting: give NAME:VALUE; found 'label'"),
        (["{image}", "{mask}", "-p", "none.yaml"], 2, "none.yaml: there is no such parameter file; check its path"),
        (["{image}", "{mask}", "-o", "nowhere/out.csv"], 3, "out.csv: cannot be written: No such file or directory"),
        (["{image}", "{mask}", "--log-file", "nowhere/log"], 3, "log: cannot be written: No such file or directory"),
    ],
)
def test_refusals(
    command: Command, files: tuple[Path, Path], tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("Image,mask\n", encoding="utf-8")
    given = [one.format(image=files[0], mask=files[1], batch=bad) for one in arguments]
    levels = logger.level, handler.level
    left, out, err = command(*given)
    assert (left, out) == (code, "")
    assert err.startswith(f"voxmill: {sentence}")
    assert err.count("\n") == 1
    assert (logger.level, handler.level) == levels


def test_arguments_that_do_not_exist(command: Command) -> None:
    code, out, err = command("image.nrrd", "mask.nrrd", "--frmat", "csv")
    assert (code, out) == (2, "")
    assert "unrecognized arguments" in err


def test_help_and_version(command: Command) -> None:
    assert "usage: voxmill pyradiomics" in command("--help")[1]
    assert command("--version")[:2] == (0, f"voxmill pyradiomics 3.0.1+voxmill.{vm.__version__}\n")


def test_validating_extracts_nothing(command: Command, batch: Path, few: Path) -> None:
    assert command(batch, "-p", few, "--validate") == (0, "", "")
    batch.write_text("Image,Mask\nscan.nrrd,scan.seg.nrrd\nscan.nrrd,none.nrrd\n", encoding="utf-8")
    code, out, err = command(batch, "--validate")
    assert (code, out) == (1, "")
    assert "case 2: there is no such file: none.nrrd" in err


@pytest.mark.usefixtures("radiomics")
@pytest.mark.parametrize("form", ["txt", "csv", "json"])
@pytest.mark.parametrize("options", [[], ["--format-path", "basename"], ["--format-path", "relative", "-up"]], ids=str)
def test_layout_is_that_of_pyradiomics(command: Command, tmp_path: Path, form: str, options: list[str]) -> None:
    """Byte for byte, but for last digits, and what says which software it was."""
    for name, array in (("image.nrrd", texture()), ("mask.nrrd", two_labels())):
        sitk.WriteImage(sitk_image(array), tmp_path / name)
    cases, parameters = tmp_path / "cases.csv", tmp_path / "Params.yaml"
    cases.write_text(
        "ID,Image,Mask,Label\na,image.nrrd,mask.nrrd,1\nb,image.nrrd,mask.nrrd,9\nc,image.nrrd,mask.nrrd,3\n"
    )
    parameters.write_text("setting: {binWidth: 20, resegmentRange: [10, 240]}\n")
    arguments = [str(cases), "-p", str(parameters), "-f", form, *options]
    theirs = Path(sys.executable).with_name("pyradiomics")
    expected = subprocess.run([theirs, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    code, out, _ = command(*arguments)
    assert code == 1
    for one, other in zip(_plain(out), _plain(expected), strict=True):
        assert NUMBER.sub("#", one) == NUMBER.sub("#", other)
        numbers = [float(number) for number in NUMBER.findall(one)]
        assert numbers == pytest.approx([float(number) for number in NUMBER.findall(other)], rel=1e-7, abs=1e-9)


def _plain(text: str) -> list[str]:
    """Lines without the versions of PyRadiomics and PyWavelets: beside their names, or (CSV) the first in every row."""
    lines = text.splitlines()
    if lines[0].startswith("ID,"):
        for number, row in enumerate(csv.reader(lines)):
            for place in (4, 7) if number else ():
                row[place] = ""
            lines[number] = ";".join(row)
        return lines
    return [line for line in lines if "_Versions_Py" not in line]
