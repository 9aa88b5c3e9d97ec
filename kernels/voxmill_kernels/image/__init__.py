"""Boxes of intensities or labels in, boxes resampled or filtered out, as ITK, SciPy and scikit-image compute them.

May import: jit, types.
"""
