"""Boxes of intensities or labels in, boxes resampled or filtered out, as ITK, SciPy and scikit-image compute them.

In: a box of an image (z, y, x) and where it lies in the whole, or filter coefficients; out: a new array.
"""
