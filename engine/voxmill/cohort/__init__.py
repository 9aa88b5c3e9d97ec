"""A cohort → tables of features: durably, however many cases there are.

In: a store, a table of images and masks, or a folder tree of DICOM. Out: a folder with features.parquet and all that
says how it was made; or, of a store in memory, rows. finding says which cases there are, cases opens what each has, job
measures one, packing, ordering, layout and tables make tables of what comes of it, writing all files, folder tells ours
from others, running does it all; stored measures a store in memory.
"""

from voxmill.cohort.finding import Wanted
from voxmill.cohort.running import CohortRun, run_cohort
from voxmill.cohort.stored import extract_store, wanted_cases
from voxmill.cohort.writing import Forms

__all__ = ["CohortRun", "Forms", "Wanted", "extract_store", "run_cohort", "wanted_cases"]
