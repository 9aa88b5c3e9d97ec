"""The intensities of a region in an image of a device, and how often each occurs."""

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.mask.cuda.places import places_of
from voxmill_kernels.types import Array, Ints

TILE = 1 << 12
"""How many values a block looks at."""
MOST_OWN = TILE
"""With up to so many bins a block has a histogram of its own: more would cost it more than its values."""


def take(image: Buffer, inside: Array, device: Device) -> Buffer:
    """The intensities (voxels,) of a region, whose box `inside` is that of the image, not 0 inside; in its order."""
    return image.reshape(-1).take(places_of(inside, device))


def count_values(values: Buffer, low: int, bins: int, device: Device) -> tuple[Ints, Ints]:
    """Which whole numbers from `low` to below `low + bins` occur, less `low`, ascending, and how often; here."""
    histogram = device.zeros(bins, np.int64)
    own = bins if bins <= MOST_OWN else 0
    arguments = [values, values.size, TILE, low, histogram, own]
    device.launch(f"count_values_{values.dtype}", -(-values.size // TILE), arguments, shared=4 * own)
    return device.filled(histogram)
