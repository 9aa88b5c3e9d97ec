"""Counts and sums by the CUDA kernels equal those of the CPU, to the last bit; on the host, without a race."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_cases import NARROW, WIDE, Task, assert_counts_as_the_cpu, regions, tasks, tiles_of
from cuda_host import HostDevice, HostProcess, running
from kernel_cases import Volume, batch_of, read_only
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.cuda.layout import SHORT_RUN
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import GLRLM, GLSZM, NGTDM

TASKS = [Task(), Task((2,), alpha=1), Task((1, 3), across=0), Task(across=2, alpha=2)]


@pytest.mark.parametrize("volumes", [NARROW, WIDE], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("task", TASKS, ids=str)
def test_named_regions(plain: HostProcess, volumes: list[Volume], task: Task) -> None:
    assert_counts_as_the_cpu(HostDevice(plain), volumes, task)


@pytest.mark.parametrize("volumes", [NARROW[::2], WIDE[-2:]], ids=["8 bits", "16 bits"])
def test_named_regions_under_sanitizers(host: HostProcess, volumes: list[Volume]) -> None:
    assert_counts_as_the_cpu(HostDevice(host), volumes, Task(alpha=1))


@settings(max_examples=12)
@given(drawn=regions(), task=tasks(), own=st.sampled_from([0, 2048, 1 << 16]), places=st.sampled_from([40, 1 << 15]))
def test_drawn_regions(host: HostProcess, drawn: list[Volume], task: Task, own: int, places: int) -> None:
    """Whatever part of its counts a block keeps to itself, and in however many tiles a box is."""
    with tiles_of(places):
        assert_counts_as_the_cpu(HostDevice(host, shared_bytes=own, multiprocessors=9), drawn, task)


def test_lines_end_with_the_box(plain: HostProcess) -> None:
    """Where no line holds two voxels there are no runs: none goes on from one row of the box to the next."""
    sparse: list[Volume] = []
    for first, second in product(range(16), range(16, 48)):
        volume = np.zeros((3, 4, 4), dtype=np.int64)
        volume.flat[[first, second]] = 1, 2
        sparse.append(volume)
    assert_counts_as_the_cpu(HostDevice(plain, threads=1), sparse, Task(wanted=GLRLM))


def test_zones_join_whoever_is_faster(plain_program: Path) -> None:
    """Zones like the letter V: its foot is two voxels, each of which alone holds an arm, both at the same moment."""
    letters = np.zeros((59, 2, 120), dtype=np.int64)
    letters[::2, 0, ::6] = letters[::2, 0, 3::6] = letters[::2, 1, 1::6] = letters[::2, 1, 2::6] = 1
    with running(plain_program, "GIVING_WAY") as process:
        assert_counts_as_the_cpu(HostDevice(process, threads=16), [read_only(letters)], Task(wanted=GLSZM))


@pytest.mark.parametrize("across", [None, 0, 2])
def test_zones_of_long_runs(host: HostProcess, across: int | None) -> None:
    """Runs along x that are cut into pieces, beside others that begin and end elsewhere; and zones of nothing else."""
    noise = np.random.default_rng(8).integers(0, 4, (3, 5, 150))
    alone = np.zeros((3, 3, 99), dtype=np.int64)
    alone[::2, ::2] = 1
    volumes: list[Volume] = [read_only(np.sort(noise, axis=2)), read_only(alone)]
    with tiles_of(200):
        assert_counts_as_the_cpu(HostDevice(host), volumes, Task(across=across, wanted=GLSZM))


@pytest.mark.parametrize("places", [100, 1 << 15])
def test_runs_as_long_as_a_block_keeps_and_longer(host: HostProcess, places: int) -> None:
    """Of 1 to 12 voxels, along x and along y, of levels that alternate; and one as long as its box."""
    lengths = np.repeat(np.arange(1, 13) % 2 + 1, np.arange(1, 13))
    along_x, along_y = np.zeros((2, 3, 78), dtype=np.int64), np.zeros((2, 78, 2), dtype=np.int64)
    along_x[0, 1], along_x[1, 2], along_y[1, :, 0] = lengths, 3, lengths
    assert SHORT_RUN < 12
    with tiles_of(places):
        assert_counts_as_the_cpu(HostDevice(host), [read_only(along_x), read_only(along_y)], Task(wanted=GLRLM))


@pytest.mark.parametrize("shape", [(4, 4, 4), (3, 3, 7), (1, 1, 513), (1, 1, 514)])
def test_sizes_and_counts_at_the_end_of_a_table(plain: HostProcess, shape: tuple[int, int, int]) -> None:
    """Zones of 63 and 64 voxels, pairs that occur 1024 and 1026 times."""
    assert_counts_as_the_cpu(HostDevice(plain), [read_only(np.ones(shape, dtype=np.int64))], Task())


def test_a_count_that_a_block_keeps_to_itself_has_room_for_a_whole_tile(plain: HostProcess) -> None:
    """Two counts share a word of 32 bits: neither runs over into the other."""
    volume = np.ones((30, 30, 30), dtype=np.int64)
    volume[0, 0, :2] = 2
    with tiles_of(tiles.MOST):
        assert_counts_as_the_cpu(HostDevice(plain, threads=2), [volume], Task())


@pytest.mark.parametrize("top", [5041, 10**6])
def test_differences_of_a_tile_add_up_to_more_than_32_bits(plain: HostProcess, top: int) -> None:
    """A quarter of the voxels has another level than all that are around them."""
    volume = np.ones((30, 30, 30), dtype=np.int64)
    volume[1::2, 1::2, 1::2] = volume[::2, ::2, ::2] = top
    with tiles_of(tiles.MOST):
        assert_counts_as_the_cpu(HostDevice(plain, threads=2), [volume], Task(wanted=NGTDM))


def test_what_the_cpu_refuses_is_refused(plain: HostProcess) -> None:
    batch = batch_of(np.arange(1, 10_001, dtype=np.int64).reshape(1, 100, 100))
    with pytest.raises(ValueError, match=r"10000 grey levels in 13 directions need matrices of 4\.9 GiB"):
        count(HostDevice(plain), batch, directions(1))
    with pytest.raises(ValueError, match="offsets of up to 2 voxels lead out of a border of 1"):
        count(HostDevice(plain), batch, directions(2))
