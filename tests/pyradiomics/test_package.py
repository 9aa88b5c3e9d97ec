"""The package that stands in for `radiomics`: its names, its logger, its test cases."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import voxmill as vm
import voxmill.pyradiomics as radiomics
from voxmill_kernels.features.catalogue import FAMILIES


@pytest.fixture
def quietly() -> Iterator[None]:
    """Levels are afterwards what they were before."""
    before = radiomics.logger.level, radiomics.handler.level
    yield
    radiomics.logger.setLevel(before[0])
    radiomics.handler.setLevel(before[1])


def test_version_is_of_both() -> None:
    assert radiomics.__version__ == f"3.0.1+voxmill.{vm.__version__}"


def test_classes_have_all_features() -> None:
    classes = radiomics.getFeatureClasses()
    assert {name: set(one.getFeatureNames()) for name, one in classes.items()} == {
        name: {feature.name for feature in features} for name, features in FAMILIES.items()
    }
    contrast = classes["glcm"].getContrastFeatureValue  # type: ignore[attr-defined]  # made from the catalogue
    assert contrast.__doc__.startswith("Contrast: ")


def test_logger_is_that_of_pyradiomics() -> None:
    assert radiomics.logger is logging.getLogger("radiomics")
    assert radiomics.handler in radiomics.logger.handlers


@pytest.mark.usefixtures("quietly")
@pytest.mark.parametrize("level, printed", [(5, 10), (10, 10), (30, 30), (60, 60), (99, 60)])
def test_verbosity(level: int, printed: int) -> None:
    radiomics.logger.setLevel(logging.INFO)
    radiomics.setVerbosity(level)
    assert radiomics.handler.level == printed
    assert radiomics.logger.level == min(printed, logging.INFO)


@pytest.mark.usefixtures("quietly")
def test_progress_is_reported_where_a_script_sets_how(monkeypatch: pytest.MonkeyPatch) -> None:
    assert radiomics.debugging
    with radiomics.getProgressReporter([1, 2], desc="x") as silent:
        assert list(silent) == [1, 2]
        silent.update()
    monkeypatch.setattr(radiomics, "progressReporter", lambda *given, **named: (given, named))
    assert not isinstance(radiomics.getProgressReporter([1]), tuple)
    radiomics.setVerbosity(20)
    assert radiomics.getProgressReporter([1], desc="x") == (([1],), {"desc": "x"})


def test_test_cases_lie_in_a_folder(tmp_path: Path) -> None:
    names = "brain1_image.nrrd", "brain1_label.nrrd"
    for name in (*names, "brain1_label_2D.nrrd"):
        (tmp_path / name).touch()
    assert radiomics.getTestCase("Brain1", tmp_path) == tuple(str(tmp_path / name) for name in names)
    assert radiomics.getTestCase("brain1_2D", str(tmp_path))[1].endswith("brain1_label_2D.nrrd")


def test_test_cases_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        OSError, match=r"^lung1_image\.nrrd: not in the folder of test cases, and nothing is downloaded"
    ):
        radiomics.getTestCase("lung1", tmp_path)
    with pytest.raises(ValueError, match="unknown test case 'lung9'; known: brain1"):
        radiomics.getTestCase("lung9")


def test_schema_is_not_there() -> None:
    with pytest.raises(NotImplementedError, match=r"use voxmill\.Settings\.from_pyradiomics"):
        radiomics.getParameterValidationFiles()
