"""Tables of many cases are written within a bound of memory, and large ones look like small ones."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxmill.cohort.layout import Forms
from voxmill.cohort.ordering import Ranked, by_rank
from voxmill.cohort.packing import pack_features, unpack_names, unpack_values
from voxmill.cohort.tables import Entries
from voxmill.cohort.writing import Chosen, write_tables
from voxmill.grouping import GROUP_BYTES, grouped
from voxmill.runs import ledger as ledgers
from voxmill.runs.parts import FIELDS, batches_in
from voxmill.runs.records import Outcome, Record

linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read as Linux tells it")
COLUMNS = 1_200
MOST_MB = 240
"""The numbers alone of 20,000 cases are 192 MB, and as records they are 260."""
FORMS_MB = 100
"""What all forms may take more; with 6,000 rows at once it was 570 in all."""


def records(cases: int, regions: int = 1) -> Iterator[Record]:
    """The records of so many cases with so many regions, in no order."""
    draw = np.random.default_rng(0)
    names = [f"original_glcm_{number}" for number in range(COLUMNS)]
    for case in draw.permutation(cases).tolist():
        values = np.full(COLUMNS, float(case)) + np.arange(COLUMNS) / COLUMNS
        row = {"image": "image", "mask": "mask", "diagnostics": {}, "notes": ""}
        row |= pack_features(dict(zip(names, values.tolist(), strict=True)))
        took = {"wall_s": 1.0, "cpu_s": 1.0, "seconds": {"read": 1.0}, "bytes": 1, "peak_bytes": 1}
        rows = [{**row, "region": str(region), "label": region} for region in range(regions)]
        result = {"rows": rows, "failures": [], "inputs": [], "bare": 0, "versions": {}, "took": took}
        yield Record(str(case), f"case-{case}", Outcome.DONE, result)


def write(folder: Path, cases: int, regions: int = 1, forms: Forms = Forms()) -> None:  # noqa: B008 - it is frozen
    """Write the tables of so many cases with so many regions."""
    names = [f"{case:06}" for case in range(cases)]
    chosen = Chosen({str(case): case for case in range(cases)}, Entries(names, range(cases)))
    write_tables(folder, records(cases, regions), chosen, forms)


def peak_mb(folder: Path, asked: str) -> float:
    """The most memory, in MB, of a process that writes tables as it is asked.

    But for what it maps of files, its libraries: how many pages of these are there is for the system to choose.
    """
    script = (
        "import sys; from pathlib import Path; from test_bounded import Forms, write; "
        f"write(Path(sys.argv[1]), {asked}); "
        "told = dict(line.split(':') for line in open('/proc/self/status') if line.startswith(('VmHWM', 'RssFile'))); "
        "print(int(told['VmHWM'].split()[0]) - int(told['RssFile'].split()[0]))"
    )
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def test_they_come_in_order_whatever_the_order_of_records(tmp_path: Path) -> None:
    write(tmp_path, 1_100, 2)
    table = pq.read_table(tmp_path / "features.parquet")
    assert table["case"].to_pylist() == [f"{case:06}" for case in range(1_100) for _ in range(2)]
    assert table["original_glcm_0"].to_pylist() == [case for case in range(1_100) for _ in range(2)]
    assert 2 <= pq.ParquetFile(tmp_path / "features.parquet").num_row_groups <= 6
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "failures.parquet", "features.parquet", "inputs.parquet",
    ]  # fmt: skip


def test_results_come_back_by_rank_without_losing_any(tmp_path: Path) -> None:
    ranks = np.random.default_rng(3).permutation(2_001).tolist()
    with by_rank((Ranked(rank, {"of": rank}) for rank in ranks if rank != 7), 2_001, tmp_path) as results:
        found = [(one.rank, one.result["of"]) for one in results]
    assert found == [(rank, rank) for rank in range(2_001) if rank != 7]
    assert not list(tmp_path.iterdir())


@given(sizes=st.lists(st.integers(0, 12)), most=st.integers(1, 10))
def test_groups_hold_so_much_or_one_thing(sizes: list[int], most: int) -> None:
    groups = list(grouped(sizes, lambda size: size, most))
    assert [size for group in groups for size in group] == sizes
    assert all(group and (sum(group) <= most or len(group) == 1) for group in groups)
    assert all(sum(one) + next_one[0] > most for one, next_one in pairwise(groups))


def test_values_come_back_to_the_last_bit() -> None:
    values = [0.1, -0.0, float("nan"), float("inf"), -float("inf"), 5e-324, 1.7976931348623157e308]
    packed = pack_features({f"x{number}": value for number, value in enumerate(values)})
    assert unpack_names(packed["names"]) == tuple(f"x{number}" for number in range(len(values)))
    assert unpack_values(packed["values"]).tobytes() == np.array(values).tobytes()
    assert unpack_names(pack_features({})["names"]) == ()


@pytest.mark.slow
@linux
def test_memory_is_bounded(tmp_path: Path) -> None:
    assert peak_mb(tmp_path, "20_000") < MOST_MB
    assert pq.ParquetFile(tmp_path / "features.parquet").metadata.num_rows == 20_000


@linux
def test_memory_is_bounded_where_cases_have_many_regions_and_tables_all_forms(tmp_path: Path) -> None:
    assert peak_mb(tmp_path, "60, 100, Forms(long=True, csv=True)") < MOST_MB + FORMS_MB
    assert pq.ParquetFile(tmp_path / "features.parquet").metadata.num_rows == 6_000
    assert pq.ParquetFile(tmp_path / "features_long.parquet").metadata.num_rows == 6_000 * COLUMNS


@linux
def test_a_ledger_holds_few_large_records_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "SECONDS", float("inf"))
    monkeypatch.setattr(ledgers, "MANY", 3)
    with ledgers.opened(tmp_path) as ledger:
        for one in records(60, 100):
            ledger.add(one)
    parts = list(tmp_path.glob("part-*"))
    sizes = [sum(map(len, one.texts)) for one in records(60, 100)]
    batches = [batch.nbytes for part in parts for batch in batches_in(part, FIELDS)]
    assert sum(batches) >= sum(sizes)
    assert max(batches) <= GROUP_BYTES + 1.01 * max(sizes)
