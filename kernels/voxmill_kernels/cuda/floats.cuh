// Arithmetic of single precision that keeps numbers below the normal ones, as the CPU does. CuPy compiles with -ftz=true,
// whatever it is told, which makes 0 of them; instructions that are written out do as they say.
#pragma once
#include "common.cuh"

template <class Number> __device__ inline double in_double(Number value) { return (double)value; }
__device__ inline double product(double one, double other) { return one * other; }
__device__ inline double sum(double one, double other) { return one + other; }

#ifdef __CUDACC__
__device__ inline double in_double(float value) {
    double wide;
    asm("cvt.f64.f32 %0, %1;" : "=d"(wide) : "f"(value));
    return wide;
}
__device__ inline float in_single(double value) {
    float narrow;
    asm("cvt.rn.f32.f64 %0, %1;" : "=f"(narrow) : "d"(value));
    return narrow;
}
__device__ inline float product(float one, float other) {
    float made;
    asm("mul.rn.f32 %0, %1, %2;" : "=f"(made) : "f"(one), "f"(other));
    return made;
}
__device__ inline float sum(float one, float other) {
    float made;
    asm("add.rn.f32 %0, %1, %2;" : "=f"(made) : "f"(one), "f"(other));
    return made;
}
#else
inline float in_single(double value) { return (float)value; }
inline float product(float one, float other) { return one * other; }
inline float sum(float one, float other) { return one + other; }
#endif
