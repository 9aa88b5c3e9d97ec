"""The scan of a box on a GPU, equal to the CPU's to the last bit."""
