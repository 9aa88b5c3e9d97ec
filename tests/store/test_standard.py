"""What the store writes is OME-Zarr 0.5, by the standard's models (ome-zarr-models), and opens in others' readers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

import voxmill as vm
from small_images import SHAPE, case
from stored import write_case

pytest.importorskip("ome_zarr_models", reason="the models of the standard are a development tool")
from ome_zarr_models.v05 import Image
from ome_zarr_models.v05.image_label import ImageLabel
from ome_zarr_models.v05.labels import Labels

READERS = Path(__file__).with_name("readers.py")
PACKAGES = ("ome-zarr>=0.12", "ngff-zarr[validate]>=0.20")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    volume, mask = case()
    second = vm.Mask.of_layers([mask.layers[0], mask.layers[0]], mask.grid, name="twice")
    return write_case(tmp_path / "store", volume, mask, second)


def test_the_models_of_the_standard(image: Path) -> None:
    (multiscale,) = Image.from_zarr(zarr.open_group(image, mode="r")).attributes.ome.multiscales
    assert [axis.name for axis in multiscale.axes] == ["z", "y", "x"]
    (dataset,) = multiscale.datasets
    assert [one.model_dump(exclude_none=True) for one in dataset.coordinateTransformations] == [
        {"type": "scale", "scale": [3.0, 1.5, 0.75]},
        {"type": "translation", "translation": [0.0, 0.0, 0.0]},
    ]


def test_labels_of_the_standard(image: Path) -> None:
    labels = Labels.from_zarr(zarr.open_group(image / "labels", mode="r"))
    assert labels.attributes.ome.labels == ["labels-0", "twice-0", "twice-1"]
    for name in labels.attributes.ome.labels:
        about = ImageLabel.from_zarr(zarr.open_group(image / "labels" / name, mode="r")).attributes.ome.image_label
        assert about is not None
        assert about.source is not None
        assert about.source.image == "../../"


def test_zarr_reads_it_alone(image: Path) -> None:
    array = zarr.open_array(image / "0", mode="r")
    assert np.array_equal(array[:], case()[0].array)
    assert array.shape == SHAPE
    assert array.metadata.to_dict()["dimension_names"] == ("z", "y", "x")


@pytest.mark.slow
def test_ome_zarr_py_and_ngff_zarr_read_it(image: Path, tmp_path: Path) -> None:
    """In an environment of their own, as they pin other versions than ours."""
    pytest.importorskip("uv", reason="uv makes the environment")
    python = tmp_path / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, python.parents[1]], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
    np.save(tmp_path / "expected.npy", case()[0].array)
    done = subprocess.run([python, READERS, image, tmp_path / "expected.npy"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ome-zarr-py", "ngff-zarr"]
