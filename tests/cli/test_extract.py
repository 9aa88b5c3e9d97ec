"""`voxmill extract`: where the rows go, and that every mistake is one sentence and an exit code."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

import voxmill as vm
from dicom_files import stored, write_series
from small_images import SHAPE, SPACING, case, texture, two_labels, write_case
from voxmill import computing
from voxmill.cli import main
from voxmill.computing import NOT_INSTALLED, FoundGPU
from voxmill_kernels.jit import kernel_cache

FEATURE = "original_glcm_Contrast"


class Run:
    """What a command line left behind."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Voxmill:
    """The command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Run:
        self.monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return Run(left.value.code or 0, *self.capsys.readouterr())

    def refused(self, *arguments: object) -> Run:
        """A run that must end with one sentence."""
        run = self("extract", *arguments)
        assert run.out == ""
        assert run.err.startswith("voxmill: ")
        assert run.err.count("\n") == 1
        assert "Traceback" not in run.err
        return run


@pytest.fixture(scope="module", autouse=True)
def warm_kernels() -> None:
    """Or the first command would say that it compiles them."""
    vm.extract(*case())
    kernel_cache().mark_warm()


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Voxmill:
    return Voxmill(monkeypatch, capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_case(tmp_path)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def saved(folder: Path, name: str, array: NDArray[Any], origin: tuple[float, ...] = (0, 0, 0)) -> Path:
    """A mask or image as a file."""
    path = folder / f"{name}.nrrd"
    vm.write_image(vm.Volume(array, spacing=SPACING, origin=origin), path)
    return path


# where the rows go


def test_piped_it_is_csv_and_nothing_else(voxmill: Voxmill, files: tuple[Path, Path]) -> None:
    run = voxmill("extract", *files)
    table = vm.extract(*files)
    assert (run.code, run.err) == (0, "")
    assert run.out == table.to_csv()
    rows = rows_of(run.out)
    assert [row["region"] for row in rows] == ["1", "node"]
    assert float(rows[0][FEATURE]) == table.rows[0].features[FEATURE]


def test_the_closing_line_says_what_has_notes(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.yaml", tmp_path / "features.csv"
    mine.write_text(
        "images: {original: {}, log: {sigma_mm: [1.0, 90, 99]}}\nfeatures: [firstorder]\n", encoding="utf-8"
    )
    run = voxmill("extract", *files, "--settings", mine, "--out", out)
    assert (run.code, run.out) == (0, "")
    remarks = "2 rows with notes, 4 images left out: see `notes` there"
    assert run.err == f"voxmill: 2 rows of 36 features: {out}; {remarks}\n"
    assert [row["notes"].count("left out") for row in rows_of(out.read_text("utf-8"))] == [2, 2]


@pytest.mark.parametrize("suffix", [".json", ".csv", ".parquet"])
def test_into_a_file(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"features{suffix}"
    run = voxmill("extract", *files, "--out", out)
    assert (run.code, run.out) == (0, "")
    assert run.err == f"voxmill: 2 rows of 107 features: {out}\n"
    expected = vm.extract(*files)
    if suffix == ".json":
        assert json.loads(out.read_text("utf-8")) == expected.to_dict()
    elif suffix == ".csv":
        assert out.read_text("utf-8") == expected.to_csv()
    else:
        assert parquet.read_table(out).equals(expected.to_arrow())


@pytest.mark.parametrize(
    "labels, regions",
    [
        (["-l", "3"], ["node"]),
        (["--label", "node", "--label", "1"], ["node", "1"]),
        (["-l", "node", "-l", "3"], ["node"]),
        (["--region", "n*"], ["node"]),
        (["--union", "whole=1,node"], ["1", "node", "whole"]),
        (["--union", "whole= 1, node "], ["1", "node", "whole"]),
        (["--union", "whole=1,3", "--union", "nodes=n*,3", "--region", "3"], ["node", "whole", "nodes"]),
        (["--union", "whole=1,3", "--union", "nodes=3", "-l", "whole"], ["whole"]),
        (["--components", "0", "-l", "node"], ["node #1"]),
        (["--union", "whole=1,3", "-l", "whole", "--components", "100"], ["whole #1"]),
    ],
)
def test_labels(voxmill: Voxmill, files: tuple[Path, Path], labels: list[str], regions: list[str]) -> None:
    assert [row["region"] for row in rows_of(voxmill("extract", *files, *labels).out)] == regions


def test_unions_and_components_go_before_those_of_the_settings(
    voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path
) -> None:
    labels = np.zeros_like(two_labels())
    labels[1:4, 1:4, 1:4] = labels[4:6, 4:6, 4:6] = 1  # they touch by a corner
    labels[7:9, 7:9, 7:9] = 2
    mask = saved(tmp_path, "pieces", labels)
    path = written(tmp_path, "unions: {all: [1, 2]}\ncomponents: {connectivity: 6, min_volume_mm3: 50}")

    def regions(*options: object) -> list[tuple[str, str]]:
        run = voxmill("extract", files[0], mask, "--settings", path, "-o", tmp_path / "t.csv", *options)
        assert run.code in (0, 1)
        return [(row["region"], row["label"]) for row in rows_of((tmp_path / "t.csv").read_text("utf-8"))]

    assert regions() == [("1 #1", "1"), ("2", "2"), ("all #1", "")]
    assert regions("--components", 0, "-l", "1") == [
        ("1 #1", "1"),
        ("1 #2", "1"),
        ("all #1", ""),
        ("all #2", ""),
        ("all #3", ""),
    ]
    assert regions("--union", "both=1,2", "-l", "both") == [("both #1", "")]


def test_what_was_left_out_is_said(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    labels = two_labels()
    labels[0, 0, 0] = 3
    run = voxmill("extract", files[0], saved(tmp_path, "dotted", labels), "--components", "10", "-l", "3")
    (row,) = rows_of(run.out)
    assert (run.code, run.err) == (0, "")
    assert row["notes"] == "1 component of 3 left out: smaller than 10 mm³ (components.min_volume_mm3)"


@pytest.mark.parametrize(
    "options, said",
    [
        (["--union", "whole"], "--union: give NAME=LABEL,LABEL; found 'whole'"),
        (["--union", "a=1", "--union", "a=3"], "--union: 'a' is given twice; list all its labels at once"),
        (["--union", "a="], "unions.a: give whole numbers or names (in quotes); found ''"),
        (["--union", "=1"], "unions: a union's name is text that is no number; found ''"),
        (["--components", "-1"], "components: min_volume_mm3 must be at least 0; found -1.0"),
        (["--components", "nan"], "components: min_volume_mm3 must be finite; found nan"),
    ],
)
def test_options_on_regions_that_make_no_sense(
    voxmill: Voxmill, files: tuple[Path, Path], options: list[str], said: str
) -> None:
    run = voxmill.refused(*files, *options)
    assert (run.code, run.err) == (2, f"voxmill: {said}\n")


def test_a_region_that_is_not_there(voxmill: Voxmill, files: tuple[Path, Path]) -> None:
    for options, code, said in (
        (["--region", "GTV*"], 3, "label GTV* is not in the mask (no name matches)"),
        (["--region", "GTV*", "-l", "node"], 1, "region GTV*: label GTV* is not in the mask (no name matches)"),
        (["--union", "a=1,5"], 1, "region a: of its union, label 5 is not in the mask"),
    ):
        run = voxmill("extract", *files, *options)
        assert (run.code, run.err) == (code, f"voxmill: scan: {said}; labels present: 1, 3 (node)\n")


def test_our_settings(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = written(tmp_path, "features: {glcm: [Contrast]}\ndiscretise: {bin_width: 10}\nlabels: [node]")
    (row,) = rows_of(voxmill("extract", *files, "--settings", path).out)
    assert list(row) == ["case", "region", "label", FEATURE, "notes", "error"]
    assert row["region"] == "node"
    (first, _) = rows_of(voxmill("extract", *files, "--settings", path, "-l", "1", "-l", "3").out)
    assert first["region"] == "1"


def test_settings_of_pyradiomics(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = written(tmp_path, "setting: {binWidth: 10, label: 3}\nfeatureClass: {glcm: [Contrast]}")
    (row,) = rows_of(voxmill("extract", *files, "--settings", path).out)
    (ours,) = vm.extract(*files, settings=vm.Settings.read(path)).rows
    assert float(row[FEATURE]) == ours.features[FEATURE]
    assert ours.region == "node"


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_devices(voxmill: Voxmill, files: tuple[Path, Path], device: str) -> None:
    assert voxmill("extract", *files, "--device", device).code == 0


def test_a_gpu_that_should_work_and_does_not_is_told(
    voxmill: Voxmill, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(computing, "_FOUND", [FoundGPU(None, "no driver")])
    assert voxmill("extract", *files).err == "voxmill: computed on the CPU: no driver\n"
    assert voxmill("extract", *files, "--device", "cpu").err == ""
    monkeypatch.setattr(computing, "_FOUND", [FoundGPU(None, NOT_INSTALLED)])
    assert voxmill("extract", *files).err == ""


# what goes wrong


def test_some_regions_fail(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    labels = two_labels()
    labels[0, 0, 0] = 9
    run = voxmill("extract", files[0], saved(tmp_path, "dotted", labels))
    assert run.code == 1
    assert run.err == "voxmill: scan: region 9: 1 voxel, at least 2 are needed (min_region_voxels)\n"
    rows = rows_of(run.out)
    assert [bool(row[FEATURE]) for row in rows] == [True, True, False]
    assert rows[2]["error"].startswith("region 9: 1 voxel")
    assert [row["label"] for row in rows] == ["1", "3", "9"]
    out = tmp_path / "t.csv"
    assert voxmill("extract", files[0], tmp_path / "dotted.nrrd", "-o", out).err.startswith(
        f"voxmill: 3 rows of 107 features, 1 of them failed: {out}\n"
    )


def test_all_regions_fail(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    labels = np.zeros_like(two_labels())
    labels[0, 0, 0] = 9
    mask = saved(tmp_path, "dot", labels)
    run = voxmill("extract", files[0], mask)
    assert run.code == 3
    assert rows_of(run.out)[0]["error"].startswith("region 9: 1 voxel")
    out = tmp_path / "t.json"
    assert voxmill("extract", files[0], mask, "--out", out).code == 3
    assert json.loads(out.read_text("utf-8"))["rows"][0]["features"] == {}


def test_what_is_no_number_in_the_region(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    image = texture().astype(np.float32)
    image[two_labels() == 3] = np.nan
    run = voxmill("extract", saved(tmp_path, "holes", image), files[1])
    assert run.code == 1
    assert "region node: " in run.err
    assert "are NaN or infinite" in run.err


def test_bad_images_and_masks(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    image, mask = files
    (tmp_path / "words.nrrd").write_text("not an image")
    empty = saved(tmp_path, "empty", np.zeros_like(two_labels()))
    elsewhere = saved(tmp_path, "elsewhere", two_labels(), origin=(0, 0, 9.5))
    strict = written(tmp_path, "mask_on_other_grid: error")
    for arguments, said in (
        ((tmp_path / "none.nrrd", mask), "none.nrrd: there is no such file"),
        ((image, tmp_path / "none.nrrd"), "none.nrrd: there is no such file"),
        ((tmp_path / "words.nrrd", mask), "words.nrrd: "),
        ((tmp_path, mask), "no DICOM files were found"),
        ((image, empty), "empty"),
        ((image, elsewhere, "--settings", strict), "origin (0, 0, 9.5) mm"),
    ):
        run = voxmill.refused(*arguments)
        assert run.code == 3, arguments
        assert said in run.err


def test_bad_settings_and_options(voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path) -> None:
    typo = written(tmp_path, "discretise: {bin_widht: 3}")
    later = tmp_path / "later.yaml"
    later.write_text("setting: {normalize: true}\nimageType: {LoG: {sigm: [1]}}")
    for arguments, said in (
        (("--settings", typo), "mine.yaml: discretise: unknown setting 'bin_widht'; did you mean 'bin_width'?"),
        (("--settings", later), "later.yaml: imageType.LoG: unknown key 'sigm'; did you mean 'sigma'?"),
        (("--settings", tmp_path / "none.yaml"), "none.yaml: settings cannot be read: No such file or directory"),
        (("--device", "tpu"), "unknown device 'tpu'; known: auto, cpu, gpu"),
        (("--out", tmp_path / "t.xlsx"), "one of .json, .csv, .parquet; found '.xlsx'"),
    ):
        run = voxmill.refused(*files, *arguments)
        assert run.code == 2, arguments
        assert said in run.err


@pytest.mark.parametrize(
    "text, code, said",
    [
        ("discretise: {bin_width: 5, bin_count: 8}", 2, "discretise: bin_width and bin_count exclude each other"),
        ("resegment: {range: [3, 1]}", 2, "resegment: range: the lower limit comes first; found [3.0, 1.0]"),
        ("resample: {spacing_mm: [1]}", 2, "resample: spacing_mm: give three numbers x, y, z"),
        ("resample: {spacing_mm: [1, 1]}", 2, "resample.spacing_mm: 2 numbers for 3 dimensions; give one for each"),
        ("normalise: {scale: 0}", 2, "normalise: scale must be above 0; found 0"),
        ("setting: {resampledPixelSpacing: [1, 1]}", 2, "resample.spacing_mm: 2 numbers for 3 dimensions"),
    ],
)
def test_settings_that_make_no_sense_for_a_case(
    voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path, text: str, code: int, said: str
) -> None:
    run = voxmill.refused(*files, "--settings", written(tmp_path, text))
    assert run.code == code
    assert said in run.err


@pytest.mark.parametrize(
    "image, said",
    [
        (np.full(SHAPE, 7, dtype=np.int16), "every voxel is 7: there is no deviation to divide by"),
        (np.where(np.arange(np.prod(SHAPE)).reshape(SHAPE) == 0, np.nan, texture()), "voxels that are NaN or infinite"),
    ],
    ids=["flat", "not a number"],
)
def test_images_that_cannot_be_normalised(
    voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path, image: NDArray[Any], said: str
) -> None:
    run = voxmill.refused(saved(tmp_path, "ct", image), files[1], "--settings", written(tmp_path, "normalise: true"))
    assert run.code == 3
    assert "ct: cannot be normalised: " in run.err
    assert said in run.err


@pytest.mark.parametrize(
    "text, code",
    [
        ("{resegment: {range: [1000]}}", 3),
        ("{resample: {spacing_mm: [0.001, 0.001, 0.001]}}", 3),
        ("{resample: {spacing_mm: [1.5, 1.5, 3]}, min_region_voxels: 200}", 1),
        ("{setting: {minimumROISize: 100000, label: 3}}", 3),
    ],
)
def test_regions_of_which_steps_leave_nothing_to_measure(
    voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path, text: str, code: int
) -> None:
    run = voxmill("extract", *files, "--settings", written(tmp_path, text))
    assert run.code == code
    assert "region node: " in run.err
    assert "Traceback" not in run.err
    assert rows_of(run.out)[-1]["error"].startswith("region node: ")


def test_the_output_is_checked_before_any_work(voxmill: Voxmill, tmp_path: Path) -> None:
    for out, said in (
        (tmp_path / "none" / "t.csv", "t.csv: cannot be written: there is no such folder; make it first"),
        (tmp_path / f"{'x' * 300}.csv", "cannot be written: File name too long; choose another file"),
        (files_in_the_way(tmp_path) / "t.csv", "t.csv: cannot be written: Not a directory"),
    ):
        run = voxmill.refused("none.nrrd", "none.nrrd", "-o", out)
        assert run.code == 3
        assert said in run.err


def files_in_the_way(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


@pytest.mark.parametrize("arguments", [["extract"], ["extract", "a", "b", "--lable", "1"], ["extrakt"]])
def test_wrong_use(voxmill: Voxmill, arguments: list[str]) -> None:
    run = voxmill(*arguments)
    assert run.code == 2
    assert run.err.startswith("Usage: ")
    assert "Traceback" not in run.err


def test_a_full_disk(
    voxmill: Voxmill, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    run = voxmill.refused(*files, "--out", tmp_path / "t.csv")
    assert run.code == 3
    assert "t.csv: cannot be written: No space left on device" in run.err


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_shows_the_traceback_with_the_same_exit_code(voxmill: Voxmill, place: int) -> None:
    arguments = ["extract", "none.nrrd", "none.nrrd"]
    arguments.insert(place, "--debug")
    run = voxmill(*arguments)
    assert run.code == 3
    assert "Traceback (most recent call last)" in run.err
    assert run.err.splitlines()[-1] == "voxmill: none.nrrd: there is no such file; check the path"


def break_reading(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    from voxmill import cases

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cases, "read_image", fail)


def test_a_mistake_of_ours(voxmill: Voxmill, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    break_reading(monkeypatch, ZeroDivisionError("in the patient's file"))
    run = voxmill.refused(*files)
    assert run.code == 70
    assert "ZeroDivisionError: a mistake in Voxmill" in run.err
    assert "--debug" in run.err
    assert "patient" not in run.err
    shown = voxmill("extract", "--debug", *files)
    assert shown.code == 70
    assert "in the patient's file" in shown.err


def test_not_enough_memory(voxmill: Voxmill, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    break_reading(monkeypatch, MemoryError())
    run = voxmill.refused(*files)
    assert (run.code, run.err) == (3, "voxmill: this needs more memory than there is\n")


def test_interrupted(voxmill: Voxmill, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    break_reading(monkeypatch, KeyboardInterrupt())
    run = voxmill("extract", *files)
    assert (run.code, run.out, run.err) == (130, "", "voxmill: interrupted\n")


def test_an_error_of_the_system(voxmill: Voxmill, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    break_reading(monkeypatch, OSError(24, "Too many open files", "/home/doe/scan.nrrd"))
    run = voxmill.refused(*files)
    assert run.code == 3
    assert "Too many open files" in run.err
    assert "doe" not in run.err


def test_names_out_of_files_cannot_command_the_terminal(voxmill: Voxmill, tmp_path: Path) -> None:
    image, _ = write_case(tmp_path)
    volume = vm.read_image(image)
    names = {1: "\x1b[2Jred\nvoxmill: all is well", 3: "node"}
    mask = tmp_path / "odd.nrrd"
    vm.write_mask(vm.Mask(two_labels(), volume.grid), mask)
    run = voxmill("extract", image, mask, "--label", names[1])
    assert "\x1b" not in run.err
    assert "label ?[2Jred voxmill: all is well is not in the mask" in run.err


# a process of its own


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command line of Bash, in which $V is Voxmill; it fails where a part of a pipe does."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "V": f"{sys.executable} -m voxmill", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read_terminal(terminal: int) -> bytes:
    """What was written to a terminal; nothing at its end, which Linux calls an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs Bash")
class TestProcess:
    def test_exit_codes(self, files: tuple[Path, Path]) -> None:
        image, mask = files
        assert shell(f"$V extract {image} {mask}").returncode == 0
        assert shell(f"$V extract {image} {mask} --device tpu").returncode == 2
        done = shell(f"$V extract {image} none.nrrd")
        assert done.returncode == 3
        assert done.stderr == "voxmill: none.nrrd: there is no such file; check the path\n"

    @pytest.mark.parametrize(
        "command", ["extract {} {} | head -n 0", "features | head -n 1", "features --markdown | true"]
    )
    def test_nobody_reads_to_the_end(self, files: tuple[Path, Path], command: str) -> None:
        done = shell(f"$V {command.format(*files)}")
        assert done.returncode in (0, 141)
        assert done.stderr == ""

    def test_utf8_whatever_the_platform_says(self) -> None:
        done = shell("$V features | tail -n 200", PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert done.stderr == ""
        assert "Σ" in done.stdout

    def test_on_a_terminal_it_is_a_table(self, files: tuple[Path, Path]) -> None:
        pty = pytest.importorskip("pty")
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "voxmill", "extract", *map(str, files)]
        with subprocess.Popen(command, env={**os.environ, "COLUMNS": "80"}, stdout=theirs) as process:
            os.close(theirs)
            screen = b""
            while chunk := read_terminal(ours):
                screen += chunk
        os.close(ours)
        assert process.returncode == 0
        text = screen.decode()
        assert "PyRadiomics' defaults: original image, bin width 25." in text
        assert "MeshVolume" in text
        assert "case,region" not in text

    def test_ctrl_c(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        """Also where SIGINT is ignored, as in what a script starts with `&`: the child takes its handler back."""
        script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from voxmill.cli import main"
        with subprocess.Popen(
            [sys.executable, "-c", f"{script}; main()", "extract", *files],
            env={**os.environ, "VOXMILL_CACHE_DIR": str(tmp_path / "cache")},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert "Compiling kernels" in process.stderr.readline()  # and now it is busy for seconds
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert (out, err) == ("", "voxmill: interrupted\n")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
    @pytest.mark.parametrize(
        "command", ["extract {} {}", "features", "features --markdown", "--help", "extract --help"]
    )
    def test_standard_output_is_full(self, files: tuple[Path, Path], command: str) -> None:
        done = shell(f"$V {command.format(*files)} >/dev/full")
        assert done.returncode == 3
        assert done.stderr == "voxmill: standard output cannot be written: No space left on device\n"

    def test_standard_output_is_closed(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        image, mask = files
        done = shell(f"$V extract {image} {mask} >&-")
        assert done.returncode == 3
        assert done.stderr == "voxmill: standard output is closed; open it, or write to a file with --out\n"
        out = tmp_path / "t.csv"
        assert shell(f"$V extract {image} {mask} -o {out} >&-").returncode == 0
        assert out.read_text("utf-8") == vm.extract(image, mask).to_csv()

    @pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"])
    def test_standard_error_is_of_no_use(self, files: tuple[Path, Path], tmp_path: Path, closed: str) -> None:
        """Cron and daemons: results are written, exit codes are right, and no file gets what is meant for people."""
        image, mask = files
        out = tmp_path / "t.csv"
        assert shell(f"$V extract {image} {mask} -o {out} {closed}").returncode == 0
        assert out.read_text("utf-8") == vm.extract(image, mask).to_csv()
        assert shell(f"$V extract {image} none.nrrd -o {out} {closed}").returncode == 3
        assert shell(f"$V extract {image} {mask} --device tpu {closed}").returncode == 2

    def test_nobody_is_told_of_compiling_and_results_are_written(
        self, files: tuple[Path, Path], tmp_path: Path
    ) -> None:
        settings, out = written(tmp_path, "features: {firstorder: [Mean]}"), tmp_path / "t.csv"
        command = f"$V extract {files[0]} {files[1]} --settings {settings} -o {out} 2>&-"
        assert shell(command, VOXMILL_CACHE_DIR=str(tmp_path / "cache")).returncode == 0
        assert len(rows_of(out.read_text("utf-8"))) == 2

    def test_a_file_that_is_not_there_is_told_of_before_kernels_are_compiled(
        self, files: tuple[Path, Path], tmp_path: Path
    ) -> None:
        cache = tmp_path / "cache"
        done = shell(f"$V extract {files[0]} none.nrrd", VOXMILL_CACHE_DIR=str(cache))
        assert (done.returncode, done.stderr) == (3, "voxmill: none.nrrd: there is no such file; check the path\n")
        assert not cache.exists()

    def test_kernels_are_compiled_with_a_word_to_say_so(self, files: tuple[Path, Path], tmp_path: Path) -> None:
        image, mask = files
        settings = written(tmp_path, "features: {firstorder: [Mean]}")  # few kernels
        cache = tmp_path / "cache"
        command = f"$V extract {image} {mask} --settings {settings}"
        cold = shell(command, VOXMILL_CACHE_DIR=str(cache))
        assert cold.returncode == 0
        (where,) = cache.iterdir()
        assert cold.stderr == (
            f"voxmill: Compiling kernels, once: 15 seconds to a minute; kept in {where} for the next time\n"
        )
        warm = shell(command, VOXMILL_CACHE_DIR=str(cache))
        assert (warm.returncode, warm.stderr) == (0, "")
        assert warm.stdout == cold.stdout


def test_a_series_of_a_folder_and_its_gaps(voxmill: Voxmill, tmp_path: Path) -> None:
    write_series(tmp_path / "study" / "a", stored(4))
    named = {"SeriesNumber": 9, "SeriesDescription": "lung, sharp"}
    gap = write_series(tmp_path / "study" / "b", stored(5), name="b", attributes=named)
    whole = vm.read_image(tmp_path / "study" / "b")
    labels = np.zeros(whole.grid.shape, np.uint8)
    labels[1:4, 5:20, 5:20] = 1
    mask = tmp_path / "mask.nrrd"
    vm.write_mask(vm.Mask(labels, whole.grid), mask)
    gap[2].unlink()
    assert "2 series are in it" in voxmill.refused(tmp_path / "study", mask).err
    assert "missing" in voxmill.refused(tmp_path / "study", mask, "--series", "lung*").err
    run = voxmill("extract", tmp_path / "study", mask, "--series", "lung*", "--allow-gaps")
    made = vm.extract(tmp_path / "study", mask, series=9, allow_gaps=True)
    assert (run.code, run.out) == (0, made.to_csv())
    assert any("interpolat" in note for note in made.rows[0].notes)
    with pytest.raises(vm.SettingsError, match="series and allow_gaps are for files of DICOM"):
        vm.extract(whole, mask, series=9)
