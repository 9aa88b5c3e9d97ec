"""Where a region lies → what it falls apart into; outlines → where a region lies: boxes of 0 and 1.

May import: jit, types.
"""
