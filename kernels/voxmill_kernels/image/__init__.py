"""Boxes of intensities or labels in, boxes on other positions out, as ITK computes them, bit for bit.

May import: jit, types.
"""
