"""`voxmill settings`: every setting, as CSV, on a terminal and as a page."""

import csv
import io
import re
import sys

import pytest
import yaml

import voxmill as vm
from voxmill.cli import main
from voxmill.cli.reference import EXAMPLES, groups, settings_markdown, show_settings
from voxmill.image_types import IMAGE_TYPES, ImageType
from voxmill.settings import HOLDERS


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["voxmill", "settings", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    """The rows of a CSV by the name of their setting."""
    return {row["setting"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def below(name: str) -> list[str]:
    """The names of the settings that a setting holds."""
    if name == "images":
        shared = list(ImageType.model_fields)
        own = [
            f"{kind}.{field}"
            for kind, model in IMAGE_TYPES.items()
            for field in model.model_fields
            if field not in shared
        ]
        return [*(f"TYPE.{field}" for field in shared), *own]
    return list(HOLDERS[name].model_fields) if name in HOLDERS else []


def test_csv_has_every_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch) == 0
    rows = printed(capsys)
    assert [name for name in rows if "." not in name] == list(vm.Settings.model_fields)
    fields = [f"{name}.{field}" for name in vm.Settings.model_fields for field in below(name)]
    assert [name for name in rows if "." in name] == fields
    assert all(row["values"] and row["default"] and row["effect"].endswith(".") for row in rows.values())


@pytest.mark.parametrize(
    "name, values, default",
    [
        ("resample", "settings below it", "–"),
        ("resample.spacing_mm", "list (number ≥ 0)", "needed"),
        ("resample.rounding", "truncate, nearest or none", "truncate"),
        ("discretise", "settings below it", "bin_width: 25"),
        ("discretise.bin_width", "number > 0", "–"),
        ("discretise.bin_count", "whole number, 1 to 65,535", "–"),
        ("components.connectivity", "6, 18 or 26", "26"),
        ("features", "names, each with a list (text)", "all"),
        ("labels", "list (whole number or text)", "–"),
        ("unions", "names, each with a list (whole number or text)", "–"),
        ("distances", "list (whole number, 1 to 50)", "[1]"),
        ("glcm_symmetric", "true or false", "true"),
        ("voxel_array_shift", "number", "0"),
        ("min_region_voxels", "whole number ≥ 2", "2"),
        ("grid_tolerance", "number > 0", "1e-06"),
        ("notes", "list (text)", "–"),
    ],
)
def test_values_and_defaults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, values: str, default: str
) -> None:
    assert run(monkeypatch) == 0
    row = printed(capsys)[name]
    assert (row["values"], row["default"]) == (values, default)


def test_one_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "crop") == 0
    assert list(printed(capsys)) == ["crop", "crop.margin_voxels"]


@pytest.mark.parametrize(
    "name, above, own",
    [
        ("log", "images", ["images.log.sigma_mm"]),
        ("images.gradient", "images", ["images.gradient.use_spacing"]),
        ("square", "images", []),
        ("bin_width", "discretise", ["discretise.bin_width"]),
        ("crop.margin_voxels", "crop", ["crop.margin_voxels"]),
        ("images.log.sigma_mm", "images", ["images.log.sigma_mm"]),
    ],
)
def test_one_below_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, above: str, own: list[str]
) -> None:
    assert run(monkeypatch, name) == 0
    first, *rows = printed(capsys)
    shared = [row for row in rows if row.startswith("images.TYPE.")]
    assert (first, [row for row in rows if row not in shared]) == (above, own)
    assert len(shared) == (len(ImageType.model_fields) if above == "images" and "sigma" not in name else 0)


@pytest.mark.parametrize(
    "name, meant", [("lbp", "images.lbp2d"), ("wavlet", "images.wavelet"), ("bin_widht", "discretise.bin_width")]
)
def test_unknown_below_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, meant: str
) -> None:
    assert run(monkeypatch, name) == 2
    assert capsys.readouterr().err == f"voxmill: unknown setting {name!r}; did you mean {meant!r}?\n"


def test_an_unknown_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "resampel") == 2
    assert capsys.readouterr() == ("", "voxmill: unknown setting 'resampel'; did you mean 'resample'?\n")


def test_every_setting_that_holds_others_has_an_example() -> None:
    assert set(EXAMPLES) == {*HOLDERS, "images"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_settings(name: str) -> None:
    line = EXAMPLES[name]
    written = [yaml.safe_load(text) for text in line.split("# or: ")]
    assert [list(values) for values in written] == [[name]] * len(written)
    assert all(getattr(vm.Settings.parse(values), name) != getattr(vm.Settings(), name) for values in written)


def test_the_page_begins_with_settings() -> None:
    page = settings_markdown(groups())
    first = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert first is not None
    assert vm.Settings.parse(yaml.safe_load(first[1])) != vm.Settings()


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_settings(groups())
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    names = [line[:24].rstrip() for line in lines[2:] if line[:24].strip()]
    assert [name for name in names if name[0] != " "] == list(vm.Settings.model_fields)
    assert names[names.index("crop") + 1] == "  margin_voxels"
    assert any(line.endswith("  list (number ≥ 0); needed") for line in map(str.rstrip, lines))
