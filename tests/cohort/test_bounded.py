"""Tables of many cases are written within a bound of memory, and large ones look like small ones."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from voxmill.cohort.ordering import in_order, shared_out
from voxmill.cohort.packing import pack_features, unpack_names, unpack_values
from voxmill.cohort.tables import Entries
from voxmill.cohort.writing import Chosen, Forms, write_tables
from voxmill.runs.records import Outcome, Record

COLUMNS = 1_200
MOST_MB = 350
"""Libraries among it; the numbers alone of 20,000 cases are 192 MB, and as records they are 260."""


def records(cases: int) -> Iterator[Record]:
    """The records of so many cases, in no order."""
    draw = np.random.default_rng(0)
    names = [f"original_glcm_{number}" for number in range(COLUMNS)]
    for case in draw.permutation(cases).tolist():
        values = np.full(COLUMNS, float(case)) + np.arange(COLUMNS) / COLUMNS
        row = {"image": "image", "mask": "mask", "region": "1", "label": 1, "diagnostics": {}, "notes": ""}
        row |= pack_features(dict(zip(names, values.tolist(), strict=True)))
        took = {"wall_s": 1.0, "cpu_s": 1.0, "seconds": {"read": 1.0}, "bytes": 1, "peak_bytes": 1}
        result = {"rows": [row], "failures": [], "inputs": [], "bare": 0, "versions": {}, "took": took}
        yield Record(str(case), f"case-{case}", Outcome.DONE, result)


def write(folder: Path, cases: int) -> None:
    """Write the tables of so many cases."""
    names = [f"{case:06}" for case in range(cases)]
    chosen = Chosen({str(case): case for case in range(cases)}, Entries(names, range(cases)))
    write_tables(folder, records(cases), chosen, Forms())


def test_they_come_in_order_whatever_the_order_of_records(tmp_path: Path) -> None:
    write(tmp_path, 1_100)
    table = pq.read_table(tmp_path / "features.parquet")
    assert table["case"].to_pylist() == [f"{case:06}" for case in range(1_100)]
    assert table["original_glcm_0"].to_pylist() == list(range(1_100))
    assert pq.ParquetFile(tmp_path / "features.parquet").num_row_groups == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "failures.parquet", "features.parquet", "inputs.parquet",
    ]  # fmt: skip


def test_ranks_are_shared_out_over_files_without_losing_any(tmp_path: Path) -> None:
    ranks = np.random.default_rng(3).permutation(2_001).tolist()
    with shared_out(((rank, {"of": rank}) for rank in ranks), 2_001, tmp_path / "sorting") as files:
        found = [one for file in files for one in in_order(file)]
    assert found == [(rank, {"of": rank}) for rank in range(2_001)]
    assert not (tmp_path / "sorting").exists()


def test_values_come_back_to_the_last_bit() -> None:
    values = [0.1, -0.0, float("nan"), float("inf"), -float("inf"), 5e-324, 1.7976931348623157e308]
    packed = pack_features({f"x{number}": value for number, value in enumerate(values)})
    assert unpack_names(packed["names"]) == tuple(f"x{number}" for number in range(len(values)))
    assert unpack_values(packed["values"]).tobytes() == np.array(values).tobytes()
    assert unpack_names(pack_features({})["names"]) == ()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read as Linux tells it")
def test_memory_is_bounded(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from test_bounded import write; write(Path(sys.argv[1]), 20_000); "
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) / 1024 < MOST_MB
    assert pq.ParquetFile(tmp_path / "features.parquet").metadata.num_rows == 20_000
