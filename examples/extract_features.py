"""Features of two regions in an image made of NumPy arrays: with your own arrays, start here."""

import numpy as np

import voxmill as vm

random = np.random.default_rng(1)
voxels = random.normal(40, 30, size=(30, 64, 64)).astype(np.int16)  # z, y, x
labels = np.zeros(voxels.shape, dtype=np.uint8)
labels[8:20, 20:40, 22:44] = 1
labels[5:9, 45:60, 10:30] = 2

image = vm.Volume(voxels, spacing=(0.9, 0.9, 3.0), name="example")  # spacing is x, y, z in mm
mask = vm.Mask(labels, image.grid, names={1: "tumour", 2: "node"})

table = vm.extract(image, mask, settings=vm.Settings(discretise=vm.Discretise(bin_width=10)))
for row in table.rows:
    print(row.case, row.region, {name: round(row.features[name], 3) for name in list(row.features)[:3]})

table.write("features.csv")
print("All", len(table.columns), "features of", len(table.rows), "regions: features.csv")
