"""Reads an OME-Zarr image with readers that are not ours; run by test_standard.py in an environment that has them."""

import sys

import numpy as np
from ngff_zarr import from_ngff_zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

path, expected = sys.argv[1], np.load(sys.argv[2])

location = parse_url(path)
assert location is not None, "no OME-Zarr"
node = next(iter(Reader(location)()))
assert np.array_equal(np.asarray(node.data[0]), expected)
print("ome-zarr-py")

image = from_ngff_zarr(path, validate=True).images[0]
assert np.array_equal(np.asarray(image.data), expected)
assert image.scale == {"z": 3.0, "y": 1.5, "x": 0.75}
print("ngff-zarr")
