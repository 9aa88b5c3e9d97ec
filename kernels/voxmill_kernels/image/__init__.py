"""Images → images: resampling, wavelets, gradient, Laplacian of Gaussian; where it is said, to the last bit of ITK.

In: a box of an image (z, y, x) and where it lies in the whole, or filter coefficients; out: a new array.
"""
