"""Integer sums → float64 values: one file per family, each with its table of features and their formulas.

Formulas run in Numba with its scalar log2 and exp, without NumPy's vectorised ones and without LAPACK, whose last
digits change with the processor.
"""
