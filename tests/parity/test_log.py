"""PyRadiomics' LoG images of real cases, whole, and the grey levels of their regions.

Not promised here: equal values. ITK rounds in float32, and our tables are cut where 1e-8 is left.
"""

import logging
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from voxmill.execute import derive
from voxmill.operators.log import Laplacian, too_small
from voxmill_kernels.levels import bin_edges

LAST_PLACE = 2.0**-23
"""A unit in the last place of float32, which at edges in CT is 2e-6 of an image's deviation."""
MOST_LEVELS = 1e-4
"""The share of voxels whose grey level may differ."""


@pytest.mark.parametrize("sigma", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("case", ["brain1", "lung1"])
def test_real_cases(reference_data: Path, radiomics: ModuleType, case: str, sigma: float) -> None:
    folder = reference_data / "pyradiomics"
    image, mask = (sitk.ReadImage(folder / f"{case}_{kind}.nrrd") for kind in ("image", "label"))
    ((found, _, _),) = radiomics.imageoperations.getLoGImage(image, mask, sigma=[sigma])
    theirs, inside = sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(mask) == 1
    volume = vm.read_image(image)
    ours = derive(volume, Laplacian(sigma)).read(vm.Window.whole(volume.grid.shape))
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=LAST_PLACE, atol=1e-6 * theirs.std())
    assert abs(ours[inside].astype(np.float64) - theirs[inside]).max() < 1e-6 * theirs[inside].std()
    edges = bin_edges(theirs[inside], width=25)
    assert np.array_equal(bin_edges(ours[inside], width=25), edges)
    levels = [np.digitize(values[inside], edges) for values in (ours, theirs)]
    assert (levels[0] != levels[1]).mean() <= MOST_LEVELS


@pytest.mark.parametrize("shape", [(3, 9, 9), (9, 9, 3), (4, 4, 4), (4, 9, 9), (6, 6, 6), (9, 7, 5)])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.7, 2.0)])
@pytest.mark.parametrize("sigma", [0.5, 2.0, 3.0, 4.5])
def test_the_same_images_are_too_small(
    radiomics: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    sigma: float,
) -> None:
    monkeypatch.setattr(radiomics.imageoperations, "logger", logging.getLogger("silent"))
    image = sitk.GetImageFromArray(np.zeros(shape, dtype=np.int16))
    image.SetSpacing(spacing)
    theirs = list(radiomics.imageoperations.getLoGImage(image, image, sigma=[sigma]))
    assert (too_small(vm.Grid.from_spacing(shape, spacing), sigma) is None) == (len(theirs) == 1)
