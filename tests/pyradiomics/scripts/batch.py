"""Cases of a CSV file in turn, a bad one among them; arguments: cases, results, log."""

import collections
import csv
import logging
import os
import sys

import radiomics
from radiomics import featureextractor


def main() -> None:
    """Write a row of features for every case that can be measured."""
    cases, results, log = sys.argv[1:]
    root = logging.getLogger("radiomics")
    file = logging.FileHandler(filename=log, mode="w")
    file.setFormatter(logging.Formatter("%(levelname)s:%(name)s: %(message)s"))
    root.addHandler(file)
    logger = root.getChild("batch")
    radiomics.setVerbosity(60)
    logger.info("version: %s", radiomics.__version__)
    with open(cases) as given:
        rows = list(csv.DictReader(given, lineterminator="\n"))
    extractor = featureextractor.RadiomicsFeatureExtractor({"setting": {"binWidth": 20}})
    logger.info("%s %s %s", extractor.enabledImagetypes, extractor.enabledFeatures, extractor.settings)
    headers = None
    for number, entry in enumerate(rows, start=1):
        logger.info("case %d of %d", number, len(rows))
        label = int(entry["Label"]) if str(entry.get("Label")).isdigit() else None
        vector = collections.OrderedDict(entry)
        vector["Image"], vector["Mask"] = os.path.basename(entry["Image"]), os.path.basename(entry["Mask"])
        try:
            vector.update(extractor.execute(entry["Image"], entry["Mask"], label))
        except Exception:
            logger.error("failed", exc_info=True)
            continue
        with open(results, "a") as out:
            writer = csv.writer(out, lineterminator="\n")
            if headers is None:
                headers = list(vector)
                writer.writerow(headers)
            writer.writerow([vector.get(name, "N/A") for name in headers])


if __name__ == "__main__":
    main()
