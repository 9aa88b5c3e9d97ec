"""Options that say where cases are done, by themselves."""

import time

import pytest

from voxmill.cli.places import parse_memory, process_age_s


@pytest.mark.parametrize(
    "text, expected",
    [("4GB", 4 * 10**9), ("512 MiB", 512 * 2**20), ("1.5g", 1_500_000_000), ("200000000", 200_000_000), (None, None)],
)
def test_sizes_as_people_write_them(text: str | None, expected: int | None) -> None:
    assert parse_memory(text) == expected


def test_how_long_this_process_has_been_there() -> None:
    before = process_age_s()
    time.sleep(0.1)
    assert 0 <= before < process_age_s()
