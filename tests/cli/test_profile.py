"""`--profile` tells every stage on standard error, and the table is the same."""

from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from voxmill.cli.profile import profile_extraction
from voxmill.stages import STAGES


def test_every_stage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voxels = np.random.default_rng(1).integers(0, 300, size=(10, 30, 30)).astype(np.int16)
    image = vm.Volume(voxels, spacing=(1, 1, 2), name="case")
    labels = np.zeros(voxels.shape, dtype=np.uint8)
    labels[2:8, 5:25, 5:25] = 1
    vm.write_image(image, tmp_path / "case.nrrd")
    vm.write_mask(vm.Mask(labels, image.grid), tmp_path / "mask.nrrd")
    settings = vm.Settings.parse({"normalise": {"scale": 100}, "images": ["original", "gradient"]})
    paths = (tmp_path / "case.nrrd", tmp_path / "mask.nrrd")
    table = profile_extraction(lambda: vm.extract(*paths, settings=settings))
    assert table.to_csv() == vm.extract(*paths, settings=settings).to_csv()
    told = [line.removeprefix("voxmill: ").split() for line in capsys.readouterr().err.splitlines()]
    assert [line[0] for line in told] == ["stage", *STAGES, "reading,"]
    assert all(float(line[1]) > 0 for line in told[1:-1])
    count_megabytes = float(told[1 + STAGES.index("count")][2])
    assert 0.001 < count_megabytes < 50
