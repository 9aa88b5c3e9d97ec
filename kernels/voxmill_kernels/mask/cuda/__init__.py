"""Regions on a GPU: intensities and grey levels, equal to the CPU's to the last bit.

In: images and intensities of a device. Out: what the functions of the CPU give that hand over to these; what has
one number per voxel stays on the device.
"""
