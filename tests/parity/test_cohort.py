"""A cohort beside PyRadiomics' own batch command, on the same file of cases: the same columns and values.

It promises nothing about time, and nothing about diagnostics: `voxmill pyradiomics` gives those.
"""

import csv
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cohort_files import rows_of, write_scan, write_table
from voxmill.cohort import run_cohort

CASES = 20
PARAMETERS = """
imageType: {Original: {}, LoG: {sigma: [2.0]}, Wavelet: {}}
setting: {binWidth: 10, normalize: true, normalizeScale: 100, resampledPixelSpacing: [1, 1, 2], additionalInfo: false}
"""


def test_twenty_cases_have_the_rows_of_its_batch_command(tmp_path: Path, radiomics: ModuleType) -> None:
    del radiomics
    (tmp_path / "Params.yaml").write_text(PARAMETERS)
    rows = []
    for number in range(CASES):
        image, mask = write_scan(tmp_path, f"scan{number}", seed=number)
        rows.append({"ID": f"p{number:02}", "Image": image.name, "Mask": mask.name, "Label": (1, 3)[number % 2]})
    cohort = write_table(tmp_path, rows)
    done = run_cohort(cohort, tmp_path / "out", settings=tmp_path / "Params.yaml")
    ours = {row["case"]: row for row in rows_of(done.features)}
    theirs = {row["ID"]: row for row in batch(cohort, tmp_path)}
    assert list(ours) == list(theirs)
    for case, expected in theirs.items():
        features = [name for name in expected if name not in rows[0]]
        assert {name for name in ours[case] if "_" in name} == set(features)
        for name in features:
            assert ours[case][name] == pytest.approx(float(expected[name]), rel=1e-6, abs=1e-9), (case, name)


def batch(cohort: Path, folder: Path) -> list[dict[str, str]]:
    """What PyRadiomics' command makes of a file of cases."""
    command = Path(sys.executable).with_name("pyradiomics")
    options = ["-p", "Params.yaml", "-o", "theirs.csv", "-f", "csv", "--verbosity", "1"]
    subprocess.run([command, cohort, *options], check=True, cwd=folder)
    with (folder / "theirs.csv").open(newline="") as file:
        return list(csv.DictReader(file))
