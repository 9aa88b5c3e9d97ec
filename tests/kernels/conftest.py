"""Hypothesis without deadlines: the first call of a kernel compiles it or reads it from the cache."""

from hypothesis import settings

settings.register_profile("kernels", deadline=None)
settings.load_profile("kernels")
