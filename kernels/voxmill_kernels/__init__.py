"""Kernels: arrays, spacings and tables in, arrays out.

They know nothing of files, grids, patients or settings, and may import NumPy, SciPy, Numba and PyWavelets only.
"""
