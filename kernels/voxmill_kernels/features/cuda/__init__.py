"""What features need of whole matrices, found on a GPU by kernels in CUDA C++: equal to the CPU's, to the last bit."""
