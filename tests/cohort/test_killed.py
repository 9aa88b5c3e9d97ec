"""kill -9 of a run of 200 cases, again and again, before its end: what the last run writes is the same in every byte.

Moments are drawn; a test that fails shows its seed.
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cohort_files import FEW, write_scan, write_table, written
from run_script import children, wait_for
from voxmill.cohort import run_cohort
from voxmill.runs.ledger import read_ledger

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and processes as POSIX has them")
CASES, SCANS = 200, 8
SCRIPT = f"""
import sys
from voxmill.cohort import run_cohort
from voxmill.runs import ledger
ledger.SECONDS, ledger.MANY = 0.05, 4
if __name__ == "__main__":
    run_cohort(sys.argv[1], sys.argv[2], settings={FEW}, workers=int(sys.argv[3]))
"""


def write_cases(folder: Path) -> Path:
    """A table of 200 cases of 8 images, of which two cannot be measured."""
    scans = [write_scan(folder, f"scan{number}", seed=number) for number in range(SCANS)]
    rows = [
        {"case": f"{number:03}", "image": image.name, "mask": mask.name}
        for number in range(CASES)
        for image, mask in [scans[number % SCANS]]
    ]
    for number in (17, 118):
        rows[number]["mask"] = ""
    return write_table(folder, rows)


@pytest.mark.parametrize(
    "workers, times",
    [(0, 2), pytest.param(2, 2, marks=pytest.mark.slow)]
    + [pytest.param(workers, 20, marks=pytest.mark.slow) for workers in (0, 2)],
)
def test_after_kills_the_bytes_are_those_of_an_undisturbed_run(tmp_path: Path, workers: int, times: int) -> None:
    cohort, script, out = write_cases(tmp_path), tmp_path / "script.py", tmp_path / "out"
    run_cohort(cohort, tmp_path / "undisturbed", settings=FEW)
    script.write_text(SCRIPT)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for left in range(times, 0, -1):
        before = ended(out)
        enough = before + draw.randint(1, max(1, (CASES - before) // (2 * left)))
        command = [sys.executable, str(script), str(cohort), str(out), str(workers)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            wait_for(lambda: ended(out) >= enough)  # noqa: B023 - called at once
            others = children(process)
            for one in (*draw.sample(others, min(1, len(others))), process):
                one.kill()
        assert process.returncode == -signal.SIGKILL
        assert ended(out) < CASES
        assert not (out / "features.parquet").exists()
    before = ended(out)
    done = run_cohort(cohort, out, settings=FEW, workers=workers)
    assert done.progress.before >= before - 2
    assert written(out) == written(tmp_path / "undisturbed")


def test_drafts_of_tables_whose_writing_was_killed_are_removed(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    cohort = write_table(tmp_path, [{"case": "one", "image": image.name, "mask": mask.name}])
    out, script = tmp_path / "out", tmp_path / "script.py"
    run_cohort(cohort, out, settings=FEW)
    there = sorted(path.name for path in out.iterdir())
    killing = "import os\nfrom voxmill.cohort.tables import Tables\nTables.write = lambda *_: os.kill(os.getpid(), 9)"
    script.write_text(killing + SCRIPT)
    killed = subprocess.run([sys.executable, script, cohort, out, "0"], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = {path.name for path in out.iterdir()} - set(there)
    assert len(left) == 2
    (out / ".keep").write_text("a file of somebody's")
    run_cohort(cohort, out, settings=FEW)
    assert sorted(path.name for path in out.iterdir()) == [".keep", *there]


def ended(out: Path) -> int:
    """How many cases have ended."""
    return len(list(read_ledger(out / "ledger")))
