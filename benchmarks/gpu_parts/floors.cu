// What a device can do at best: atomics in the memory of blocks, and sums of products in double precision.

extern "C" __global__ void floor_of_atomics(unsigned *counts, long long rounds) {
    __shared__ unsigned cells[4096];
    for (int cell = threadIdx.x; cell < 4096; cell += blockDim.x) cells[cell] = 0;
    __syncthreads();
    unsigned place = blockIdx.x * blockDim.x + threadIdx.x;
    for (long long round = 0; round < rounds; round++) {
        place = place * 1664525u + 1013904223u;
        atomicAdd(cells + (place >> 20), 1u);
    }
    __syncthreads();
    for (int cell = threadIdx.x; cell < 4096; cell += blockDim.x) atomicAdd(counts + cell, cells[cell]);
}

// Eight sums at a time, which do not wait for one another.
extern "C" __global__ void floor_of_arithmetic(double *sums, long long rounds) {
    double sum[8];
    for (int k = 0; k < 8; k++) sum[k] = threadIdx.x + k;
    for (long long round = 0; round < rounds; round++)
        for (int k = 0; k < 8; k++) sum[k] = __fma_rn(sum[k], 0.999, 0.001);
    double total = 0;
    for (int k = 0; k < 8; k++) total += sum[k];
    sums[(long long)blockIdx.x * blockDim.x + threadIdx.x] = total;
}
