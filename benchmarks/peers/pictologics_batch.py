"""pictologics' batch mode on a table of cases: python pictologics_batch.py TABLE OUT WORKERS FIRST_EDGE.

It measures what `pictologics.py` measures of an image: intensity, morphology, texture, histogram.
"""

import csv
import sys

from pictologics import RadiomicsPipeline, save_results

FAMILIES = ("intensity", "morphology", "texture", "histogram")


def main(table: str, out: str, workers: str, start: str) -> None:
    """Measure all cases; results go where it puts them, and into one CSV file."""
    with open(table, newline="") as file:
        cases = [
            {"subject_id": row["case"], "image": row["Image"], "mask": row["Mask"]} for row in csv.DictReader(file)
        ]
    bins = {"method": "FBS", "bin_width": 25.0, "min_val": float(start)}
    families = {"families": list(FAMILIES), "include_spatial_intensity": False, "include_local_intensity": False}
    tool = RadiomicsPipeline(load_standard=False)
    steps = [{"step": "discretise", "params": bins}, {"step": "extract_features", "params": families}]
    tool.add_config("original", steps)
    found = tool.run_batch(cases, out, config_names=["original"], workers=int(workers), show_progress=False)
    if not (found["status"] == "completed").all():
        sys.exit(f"{(found['status'] != 'completed').sum()} cases were not measured: {found['error'].iloc[0]}")
    save_results(found, f"{out}/features.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
