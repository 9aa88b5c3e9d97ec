"""What all work on a GPU stands on: the CUDA C++ of kernels, and how CuPy launches them.

`sources` says which kernels there are, `launch` is the device that CuPy sees, and alone imports it. The kernels
themselves lie beside those of the CPU that they equal: `count/cuda`, `features/cuda`, `image/cuda`, `mask/cuda`,
`shape/cuda`. A module of the CPU hands over to one of theirs, which never imports it: what both need stands in a third.
"""
