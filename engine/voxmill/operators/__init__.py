"""Operators: what is behind the steps.

In: boxes of an image, and facts of the whole of it. Out: boxes of another image. One small file each; thin, they call
kernels or SimpleITK. May import settings and steps for nothing but their values, and nothing above.
"""
