"""A table of all cases with pandas, made in a pool of processes that log into one file."""

import logging
import multiprocessing
import sys
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor


def begin(log: str) -> None:
    """Each process has its own handler."""
    radiomics.setVerbosity(logging.ERROR)
    handler = logging.FileHandler(log, mode="a")
    handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
    handler.setLevel(logging.INFO)
    radiomics.logger.addHandler(handler)
    radiomics.logger.setLevel(logging.DEBUG)


def features(row: tuple[Any, Any], parameters: str) -> "pd.Series[Any]":
    """A series of the case's features, or of nothing where it fails."""
    index, case = row
    logger = logging.getLogger("radiomics.batch")
    extractor = featureextractor.RadiomicsFeatureExtractor(parameters)
    extractor.settings["additionalInfo"] = False
    try:
        image = sitk.ReadImage(case.Image)
        mask = sitk.ReadImage(case.Mask, sitk.sitkUInt32)
        result = extractor.execute(image, mask, label=int(case.Label))
    except Exception:
        logger.error("FEATURE EXTRACTION FAILED", exc_info=True)
        return pd.Series({"ID": case.ID}, name=index)
    result["ID"] = case.ID
    result.move_to_end("ID", last=False)
    return pd.Series(result, name=index)


def main(cases: str, parameters: str, out: str, log: str) -> None:
    """Write the table, and print what it is like."""
    table = pd.read_csv(cases)
    with multiprocessing.Pool(2, initializer=begin, initargs=(log,)) as pool:
        rows = pool.map(partial(features, parameters=parameters), table.iterrows())
    frame = pd.DataFrame(rows).set_index("ID")
    print("shape:", frame.shape)
    print("types:", sorted({str(kind) for kind in frame.dtypes}))
    print("missing:", int(frame.isna().any(axis=1).sum()))
    numbers = frame.dropna().astype(float)
    print("kinds:", sorted({name.split("_")[0] for name in numbers.columns}))
    print("finite:", bool(np.isfinite(numbers.to_numpy()).all()))
    print("normed:", round(float(((numbers - numbers.mean()) / numbers.std()).abs().sum().sum()), 3))
    frame.astype(float).to_csv(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
