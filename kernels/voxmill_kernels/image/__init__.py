"""Boxes of intensities or labels in, boxes resampled or filtered out, bit for bit as ITK and PyWavelets compute them.

May import: jit, types.
"""
