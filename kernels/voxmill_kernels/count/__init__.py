"""Grey levels → integer counts → integer sums.

In: a Batch (boxes of grey levels in one arena). Out: matrices and sums of whole numbers, so that no order of work can
change them. Loops only; no formula.
"""
