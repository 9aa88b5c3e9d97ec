"""Counting on a GPU: the same counts and sums as on the CPU, by kernels in CUDA C++.

In: a Batch. Out: what the CPU's sweep and sums give, equal to the last bit. `layout` says what lies where, `count` what
runs when.
"""
