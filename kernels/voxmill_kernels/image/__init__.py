"""Boxes of intensities or labels in, boxes on other positions or of filtered intensities out, as ITK computes them.

May import: jit, types.
"""
