"""How many blocks share the places of a box."""

from voxmill_kernels.device import Device

THREADS = 1 << 8
"""Of a block: into smaller parts no box is cut."""
PLACES = 1 << 11
"""Of a block, where there are many: some for every thread."""
RESIDENT = 8
"""How many blocks a multiprocessor holds, at most."""


def blocks(device: Device, places: int) -> int:
    """How many blocks work on so many places: as many as a device runs at once, before any has more than a few."""
    return min(-(-places // THREADS), max(-(-places // PLACES), RESIDENT * device.multiprocessors))
