"""What `gpu.py` does, part by part; each takes a Bench and gives Rows, and a part that fails is a row that says so.

`bench` is what all of them stand on; `made` and `images` hold the workloads. Nothing here needs more than numpy, numba,
scipy and CuPy, but for what is imported where it is used: where that is missing, a row says so.
"""
