"""Normalise, resample, resegment and unite regions of the demo's CTs before measuring: with settings, start here."""

from pathlib import Path

import voxmill as vm
from voxmill.demo import make_cohort

SETTINGS = vm.Settings(
    normalise=vm.Normalise(scale=100, outliers=3),  # by mean and deviation of the whole image; for MR more than for CT
    resample=vm.Resample(spacing_mm=(2, 2, 2), interpolator="linear"),
    resegment=vm.Resegment(range=(-3, 3), mode="sigma", shape="whole"),  # texture without a region's own outliers
    discretise=vm.Discretise(bin_width=10),
    features={"shape": ("MeshVolume",), "firstorder": ("Mean", "Maximum"), "glcm": ("Contrast",)},
    unions={"all disease": ("tumour", "lymph node")},  # a row of its own, after the labels
)

folder = Path("cohort")
folder.mkdir(exist_ok=True)
for case in make_cohort(folder):
    table = vm.extract(case.image, case.mask, settings=SETTINGS)
    for row in table.rows:
        print(row.case, row.region, row.error or {name: round(value, 3) for name, value in row.features.items()})
    table.write(f"{case.name}.csv")
