// How often each whole number occurs among the intensities of a region.
#include "types.cuh"

// A block takes a tile of the values. It counts in a histogram of its own first, where that has `own` bins, not none.
template <class Value>
__device__ void count_values(const Value *values, Int size, Int tile, Int low, Natural *histogram, int own) {
    unsigned *counts = (unsigned *)shared_memory();
    Int first = blockIdx.x * tile, last = first + tile < size ? first + tile : size;
    for (int bin = threadIdx.x; bin < own; bin += blockDim.x) counts[bin] = 0;
    __syncthreads();
    for (Int voxel = first + threadIdx.x; voxel < last; voxel += blockDim.x) {
        Int bin = (Int)values[voxel] - low;
        if (own)
            atomicAdd(counts + bin, 1u);
        else
            atomicAdd(histogram + bin, (Natural)1);
    }
    __syncthreads();
    for (int bin = threadIdx.x; bin < own; bin += blockDim.x)
        if (counts[bin]) atomicAdd(histogram + bin, (Natural)counts[bin]);
}

#define KERNEL_OF(Value, type)                                                                                       \
    extern "C" __global__ void count_values_##type(const Value *values, Int size, Int tile, Int low,                 \
                                                   Natural *histogram, Int own) {                                    \
        count_values(values, size, tile, low, histogram, (int)own);                                                  \
    }

FOR_WHOLE(KERNEL_OF)

#undef KERNEL_OF
