// The grey level of each intensity of a region, as the CPU's levels have it.
#include "floats.cuh"
#include "types.cuh"

// Edges ascend, `last` is the last of them; `per_width` is one over their mean distance.
struct Edges {
    const double *edges;
    int last;
    double per_width;

    // From 0; guessed from the mean distance, then compared with the edges.
    __device__ int level(double value) const {
        int level = 0;
        if (last > 1) {
            Int guess = (Int)((value - edges[0]) * per_width);
            level = (int)(guess < 0 ? 0 : guess > last ? last : guess);
        }
        while (level > 0 && value < edges[level]) level--;
        while (level < last && value >= edges[level + 1]) level++;
        return level;
    }
};

// `table` says for each level which of those that occur it is; `indices` have 8 bits or 16.
template <class Value>
__device__ void digitise(const Value *values, Int size, const Edges &edges, const unsigned short *table, void *indices,
                         bool narrow) {
    for (Int voxel = blockIdx.x * (Int)blockDim.x + threadIdx.x; voxel < size; voxel += gridDim.x * (Int)blockDim.x) {
        unsigned short index = table[edges.level(in_double(values[voxel]))];
        if (narrow)
            ((unsigned char *)indices)[voxel] = (unsigned char)index;
        else
            ((unsigned short *)indices)[voxel] = index;
    }
}

#define KERNEL_OF(Value, type)                                                                                       \
    extern "C" __global__ void digitise_##type(const Value *values, Int size, const double *edges, Int last,         \
                                               double per_width, const unsigned short *table, void *indices,         \
                                               Int narrow) {                                                         \
        digitise(values, size, Edges{edges, (int)last, per_width}, table, indices, narrow != 0);                     \
    }

FOR_WHOLE(KERNEL_OF)
KERNEL_OF(float, float32)
KERNEL_OF(double, float64)

#undef KERNEL_OF
