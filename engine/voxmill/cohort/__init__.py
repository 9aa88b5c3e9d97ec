"""A cohort → tables of features: durably, however many cases there are.

In: a store, a table of images and masks, or a folder tree of DICOM. Out: a folder with features.parquet and all that
says how it was made; or, of a store in memory, rows. finding says which cases there are (apart: what stands apart from
them; lost: what never became one), cases opens what each has, job measures one (spending: what processors spend on
it), packing, ordering, layout and tables make tables of what comes of it, dictionary, methods (of clauses and
measuring_clauses, by parts and words) and provenance say what it is and how it was made, writing writes all of it,
folder tells ours from others, running does it all and estimate says how long that will take; stored measures a store
in memory.
"""

from voxmill.cohort.estimate import Estimate
from voxmill.cohort.finding import Wanted
from voxmill.cohort.layout import Forms
from voxmill.cohort.running import CohortRun, estimate_cohort, run_cohort
from voxmill.cohort.stored import extract_store, wanted_cases
from voxmill.runs.warden import Limits

__all__ = [
    "CohortRun",
    "Estimate",
    "Forms",
    "Limits",
    "Wanted",
    "estimate_cohort",
    "extract_store",
    "run_cohort",
    "wanted_cases",
]
