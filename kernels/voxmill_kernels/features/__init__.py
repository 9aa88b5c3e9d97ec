"""Integer sums → float64 values: one file per family, each with its table of features and their formulas.

Formulas run in Numba with its scalar log2 and exp, which give the same digits on every processor; no LAPACK.
"""
