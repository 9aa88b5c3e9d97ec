"""Links that lead nowhere, in every place that somebody gives: each is called what it is."""

from pathlib import Path

import pytest

from cohort_files import write_cohort
from run_command import assert_refused, call
from voxmill.errors import ABOVE_NOWHERE, NOWHERE
from voxmill_kernels.jit import KernelCache


@pytest.fixture
def cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("link", "link.csv", "link.nrrd", "link.yaml", "cohort.zarr.key", "stored.ledger"):
        Path(name).symlink_to("nowhere")
    Path("there").mkdir()
    Path("folder").symlink_to("there")
    return write_cohort(tmp_path, 1)


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        ("run link --out out", 3, f"link: {NOWHERE}"),
        ("run link.csv --out out", 3, f"link.csv: {NOWHERE}"),
        ("run cases.csv --out link", 3, f"link: {NOWHERE}"),
        ("run cases.csv --out link/below", 3, f"link: {NOWHERE}"),
        ("run cases.csv --out out --settings link.yaml", 2, f"link.yaml: settings cannot be read: {NOWHERE}"),
        ("convert link.csv new.zarr", 3, f"link.csv: {NOWHERE}"),
        ("convert cases.csv link", 3, f"link: {NOWHERE}"),
        ("convert cases.csv cohort.zarr", 3, f"cohort.zarr.key: the key cannot be read: {NOWHERE}"),
        ("convert cases.csv stored", 3, "stored.ledger: this is a link, which is not followed; put the folder itself"),
        ("extract link.nrrd scan0.seg.nrrd", 3, f"link.nrrd: {NOWHERE}"),
        ("extract scan0.nrrd link.nrrd", 3, f"link.nrrd: {NOWHERE}"),
        ("extract link/a.nrrd scan0.seg.nrrd", 3, f"a.nrrd: {ABOVE_NOWHERE}"),
        ("extract scan0.nrrd link/below/a.nrrd", 3, f"a.nrrd: {ABOVE_NOWHERE}"),
        ("run link/cases.csv --out out", 3, f"cases.csv: {ABOVE_NOWHERE}"),
        ("extract folder/a.nrrd scan0.seg.nrrd", 3, "a.nrrd: there is no such file; check the path"),
        ("extract link", 3, f"link: {NOWHERE}"),
        ("inspect link", 3, f"link: {NOWHERE}"),
        ("remove link x", 3, f"link: {NOWHERE}"),
    ],
)
def test_a_link_that_leads_nowhere(
    cohort: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    monkeypatch.setattr(KernelCache, "is_cold", False)
    here = sorted(cohort.parent.iterdir())
    assert_refused(call(arguments.split(), monkeypatch, capsys), code, said)
    assert sorted(cohort.parent.iterdir()) == here
