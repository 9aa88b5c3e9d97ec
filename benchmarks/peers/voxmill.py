"""Voxmill: all 107 features of the original image, and the 93 of each filtered one, with its default settings."""

from collections.abc import Callable, Mapping

import SimpleITK as sitk

import voxmill as vm
from workloads import SIGMAS_MM, Case

PACKAGE = "voxmill"


def bare_arrays(case: Case) -> Callable[[], vm.Table]:
    """From arrays: what volume and mask check, and the search for the box, are in the time."""
    settings = _settings(case)

    def call() -> vm.Table:
        image = vm.Volume(case.image, spacing=case.spacing)
        return vm.extract(image, vm.Mask(case.labels, image.grid), settings=settings)

    return call


def prepared(case: Case) -> Callable[[], vm.Table]:
    """From a volume and a mask that exist: the box is known."""
    image = vm.Volume(case.image, spacing=case.spacing)
    mask, settings = vm.Mask(case.labels, image.grid), _settings(case)
    return lambda: vm.extract(image, mask, settings=settings)


def simpleitk_images(case: Case) -> Callable[[], vm.Table]:
    """From SimpleITK images, what PyRadiomics starts from."""
    image, mask = sitk.GetImageFromArray(case.image), sitk.GetImageFromArray(case.labels)
    for one in (image, mask):
        one.SetSpacing(case.spacing)
    settings = _settings(case)
    return lambda: vm.extract(image, mask, settings=settings)


def features(result: vm.Table) -> Mapping[str, float]:
    """The features of the only row; raises RuntimeError where it has failed."""
    (row,) = result.rows
    if row.error is not None:
        raise RuntimeError(row.error)
    return row.features


def _settings(case: Case) -> vm.Settings:
    if not case.filtered:
        return vm.Settings()
    return vm.Settings.parse({"images": {"original": {}, "wavelet": {}, "log": {"sigma_mm": SIGMAS_MM}}})
