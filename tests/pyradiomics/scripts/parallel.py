"""Cases of a CSV file in a pool of processes, a bad one among them; arguments: cases, results, parameters, method."""

import csv
import logging
import multiprocessing
import sys
import threading
from collections import OrderedDict
from functools import partial

import radiomics
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

radiomics.logger.handlers[0].setLevel(60)


def run(case: dict[str, str], extractor: RadiomicsFeatureExtractor) -> "OrderedDict[str, object]":
    """The columns of a case, with features where it can be measured."""
    vector: OrderedDict[str, object] = OrderedDict(case)
    try:
        threading.current_thread().name = case["Label"]
        vector.update(extractor.execute(case["Image"], case["Mask"], label=int(case["Label"])))
    except Exception:
        logging.getLogger("radiomics.batch").error("failed", exc_info=True)
    return vector


if __name__ == "__main__":
    cases, results, parameters, method = sys.argv[1:]
    sitk.ProcessObject_SetGlobalDefaultNumberOfThreads(1)
    with open(cases) as given:
        rows = list(csv.DictReader(given, lineterminator="\n"))
    with multiprocessing.get_context(method).Pool(2) as pool:
        vectors = pool.map(partial(run, extractor=RadiomicsFeatureExtractor(parameters)), rows)
    with open(results, "w") as out:
        writer = csv.DictWriter(out, list(vectors[0]), restval="", extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        writer.writerows(vectors)
