// The types that kernels are made for, as `sources.py` lists them by NumPy's names.
#pragma once
#include "common.cuh"

// Of whole numbers.
#define FOR_WHOLE(KERNEL_OF)                                                                                         \
    KERNEL_OF(signed char, int8)                                                                                     \
    KERNEL_OF(short, int16)                                                                                          \
    KERNEL_OF(int, int32)                                                                                            \
    KERNEL_OF(Int, int64)                                                                                            \
    KERNEL_OF(unsigned char, uint8)                                                                                  \
    KERNEL_OF(unsigned short, uint16)                                                                                \
    KERNEL_OF(unsigned, uint32)                                                                                      \
    KERNEL_OF(Natural, uint64)

// In which boxes are read.
#define FOR_READ(KERNEL_OF)                                                                                          \
    KERNEL_OF(short, int16)                                                                                          \
    KERNEL_OF(float, float32)                                                                                        \
    KERNEL_OF(double, float64)

// Of grey levels, by their bits.
#define FOR_LEVELS(KERNELS)                                                                                          \
    KERNELS(unsigned char, 8)                                                                                        \
    KERNELS(unsigned short, 16)
