"""Places of a box keep a whole device busy, in no more blocks than that takes."""

from cuda_host import HostDevice
from voxmill_kernels.image.cuda.places import PLACES, RESIDENT, THREADS, blocks


def test_as_many_blocks_as_run_at_once_before_a_thread_has_several_places() -> None:
    device = HostDevice(multiprocessors=100)
    at_once = 100 * RESIDENT
    assert [blocks(device, places) for places in (0, 1, THREADS, THREADS + 1)] == [0, 1, 1, 2]
    assert blocks(device, THREADS * at_once) == blocks(device, PLACES * at_once) == at_once
    assert blocks(device, PLACES * at_once + 1) == at_once + 1
