"""Pages made from the code are up to date, and what they and README show works."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import voxmill as vm
from voxmill.cli.reference import groups, settings_markdown
from voxmill.cli.show import catalogue_markdown
from voxmill_kernels.features.catalogue import FAMILIES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_features_page() -> None:
    page = (DOCS / "features.md").read_text(encoding="utf-8")
    assert page == catalogue_markdown(FAMILIES), "run: voxmill features --markdown > docs/features.md"


def test_settings_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert page == settings_markdown(groups()), "run: voxmill settings --markdown > docs/settings.md"


@pytest.mark.parametrize(
    "page, count", [(ROOT / "README.md", 1), (DOCS / "settings.md", 8)], ids=["README", "settings"]
)
def test_examples_in_yaml_are_settings(page: Path, count: int) -> None:
    found = blocks(page, "yaml")
    assert len(found) == count
    for block in found:
        assert vm.Settings.parse(yaml.safe_load(block)) != vm.Settings(), block


@pytest.mark.parametrize(
    "page, count", [(ROOT / "README.md", 4), (DOCS / "coming-from-pyradiomics.md", 1)], ids=["README", "PyRadiomics"]
)
def test_examples_in_python_run(page: Path, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array, labels = np.arange(216, dtype=np.int16).reshape(6, 6, 6), np.zeros((6, 6, 6), dtype=np.uint8)
    labels[1:5, 1:5, 1:3], labels[1:5, 1:5, 3:5] = 1, 2
    image = vm.Volume(array, spacing=(2, 2, 2))
    monkeypatch.chdir(tmp_path)
    vm.write_image(image, "ct.nrrd")
    for name in ("mask.nrrd", "segments.seg.nrrd"):
        vm.write_mask(vm.Mask(labels, image.grid, names={1: "tumour", 2: "node"}), name)
    names: dict[str, object] = {"array": array, "labels": labels}
    found = blocks(page, "python")
    assert len(found) == count
    for block in found:
        exec(compile(block, page.name, "exec"), names)
        table = names["table"]
        assert isinstance(table, vm.Table)
        assert table.rows
        assert not table.failed
