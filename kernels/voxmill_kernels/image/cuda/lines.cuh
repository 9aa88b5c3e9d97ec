// Neighbouring lines along the middle axis of a box (outer, length, inner), and what a block holds of them.
#pragma once
#include "places.cuh"

// Lines from the one that is `first` on; numbered along the last axis, then along the first.
struct Lines {
    Int first, inner;
    int lanes;  // how many

    // Where a line begins, if lines have so many voxels.
    __device__ Int start(int lane, Int length) const {
        Int line = first + lane, outer = quotient(line, inner);
        return outer * length * inner + line - outer * inner;
    }
};

struct Spot {
    int row, lane;
};

// A strip has `rows` of each line, one more number in a row than lines: threads read a column as fast as a row.
struct Strip {
    int rows, lanes;
    bool along;  // whether neighbours in memory follow one another along lines

    __device__ int size() const { return rows * lanes; }

    // The voxels of a strip in an order in which neighbours are neighbours in memory too.
    __device__ Spot spot(int item) const {
        int size = along ? rows : lanes, whole = (unsigned)item / (unsigned)size, part = item - whole * size;
        return along ? Spot{part, whole} : Spot{whole, part};
    }
    __device__ int place(Spot spot) const { return spot.row * (lanes + 1) + spot.lane; }
};

__device__ inline Int smaller(Int one, Int other) { return one < other ? one : other; }
