"""Where a region lies → what it falls apart into: boxes of 0 and 1 in, components out.

May import: jit, types.
"""
