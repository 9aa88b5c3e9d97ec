// What all counting kernels know: boxes of grey levels in an arena, the tiles that blocks work on, and counters.
#pragma once
#include "common.cuh"

enum Family { GLCM = 1, GLDM = 2, NGTDM = 4, GLRLM = 8, GLSZM = 16 };

// A box within its border of zeros, and where in the buffers of all boxes its own parts begin.
// The fields of layout.BOX in their order.
struct Box {
    Int start, depth, height, width, border;  // in the arena; sides with the border
    Int levels, longest;                      // how many grey levels; the longest side without the border
    Int kept;                                 // runs of up to this length a block may keep to itself
    Int numbers, gaps;                        // of the levels, in their table; whether any are missing from 1, 2, 3 ...
    Int own;                                  // families whose counts a block keeps to itself while it sweeps a tile
    Int pairs, around, runs;                  // GLCM; GLDM and NGTDM, which have the same shape; GLRLM
    Int small, large;                         // GLSZM: the table of small zones, the list of large ones
    Int sums, few, many, room;                   // of GLCM; how many large counts one of its offsets can have
};

// Places first to last (exclusive) of a box, one block's work. A place counts voxels from the start of a box, border
// included: what is zero is passed over, so that no place has to be turned into z, y, x.
struct Tile {
    Int box, first, last;
};

const int DIRECTIONS = 13;

// How far each offset (count, 3) in z, y, x leads in a box.
__device__ inline void find_steps(const Box &box, const Int *offsets, int count, int *steps) {
    for (int k = threadIdx.x; k < count; k += blockDim.x) {
        const Int *offset = offsets + 3 * k;
        steps[k] = (int)((offset[0] * box.height + offset[1]) * box.width + offset[2]);
    }
}

// Level numbers by level. Where none are missing, a level is its own number.
struct Numbers {
    const Int *table;
    bool gaps;

    __device__ Int of(int level) const { return gaps && level ? table[level - 1] : level; }
};
