// Places of a box, counted in index order, shared out among all threads: neighbours go to neighbours.
#pragma once
#include "common.cuh"

__device__ inline Int first_place() { return (Int)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ inline Int next_place(Int place) { return place + (Int)gridDim.x * blockDim.x; }

// One number by another, neither negative; a GPU divides in 32 bits much faster than in 64.
__device__ inline Int quotient(Int one, Int other) {
    return (one | other) >> 32 ? one / other : (unsigned)one / (unsigned)other;
}
