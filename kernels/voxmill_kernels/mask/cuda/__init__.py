"""Regions on a GPU: intensities, grey levels and the scan of a box, equal to the CPU's to the last bit.

In: images, intensities and boxes of a device. Out: what the functions of the CPU give that hand over to these; what has
one number per voxel stays on the device.
"""
