"""pictologics' batch mode on a table of cases: started in its own environment.

    python pictologics_batch.py TABLE OUT WORKERS FIRST_EDGE

The families, and what is left out of them, are those of `peers/pictologics.py`. Its batch mode takes one start of the
bins for all cases: a multiple of 25 below all of them, so that the edges are those of the others. That it warms up
kernels at import is turned off, as it does in its workers: the process that hands out cases needs none.
"""

import csv
import os
import sys
from pathlib import Path


def main() -> None:
    """Measure all cases, and write the table of features."""
    table, out, workers, start = sys.argv[1:]
    os.environ["PICTOLOGICS_DISABLE_WARMUP"] = "1"
    from pictologics import RadiomicsPipeline, save_results

    from peers.pictologics import steps

    tool = RadiomicsPipeline(load_standard=False)
    tool.add_config("original", steps([], float(start), shape=True))
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    cases = [{"subject_id": row["ID"], "image": row["Image"], "mask": row["Mask"]} for row in rows]
    found = tool.run_batch(cases, Path(out), workers=int(workers), show_progress=False)
    if list(found["status"].unique()) != ["completed"]:
        sys.exit(f"{found['error'].dropna().iloc[0]}")
    save_results(found, Path(out) / "features.csv")


if __name__ == "__main__":
    main()
