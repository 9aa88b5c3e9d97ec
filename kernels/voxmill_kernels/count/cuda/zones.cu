// Zones of connected voxels of one level (GLSZM), by union-find: a voxel names one with a smaller place as its parent.
//
// Four kernels, each after the end of the other: every voxel names the first of its piece of a run along x, and the
// first of a piece that of the piece before; voxels join with those behind them; the first voxels of zones learn their
// sizes, from the first voxels of pieces; zones are counted.
#include "box.cuh"
#include "types.cuh"

const int ALONG_X = 1 << 12;  // the bit of direction (0, 0, 1)
const int PIECE = 32;         // a run along x is cut at multiples of this: nobody follows all of a long one

// Whether the voxel before a place along x is of its run.
template <class Level> __device__ bool goes_on(const Level *levels, Int place, int along) {
    return along & ALONG_X && levels[place - 1] == levels[place];
}

// The first voxel of all that hang together with one; the way to it is shortened.
__device__ inline int root(int *parent, int place) {
    for (int up = look(parent + place); up != place;) {
        int above = look(parent + up);
        if (above != up) atomicMin(parent + place, above);
        place = up;
        up = above;
    }
    return place;
}

// Another thread may have given the root a parent just before: it may be lost there now, so it is united here.
__device__ inline void unite(int *parent, int one, int other) {
    for (;;) {
        one = root(parent, one), other = root(parent, other);
        if (one == other) return;
        int low = one < other ? one : other, high = one < other ? other : one;
        int before = atomicMin(parent + high, low);
        if (before == high) return;
        one = before, other = low;
    }
}

template <class Level>
__device__ void begin_zones(const Level *arena, const Box *boxes, const Tile *tiles, int *parent, int along) {
    const Tile tile = tiles[blockIdx.x];
    Int start = boxes[tile.box].start;
    const Level *levels = arena + start;
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        if (!levels[place]) continue;
        Int first = place;
        while ((first == place || first % PIECE) && goes_on(levels, first, along)) first--;
        parent[start + place] = (int)first;
    }
}

// One neighbour behind per group that hangs together by itself: the table of representatives, by set of neighbours. None
// where the voxel before along x has the one before that neighbour: they join, and the runs with them.
template <class Level>
__device__ void join_zones(const Level *arena, const Box *boxes, const Tile *tiles, const Int *directions,
                           const unsigned short *representatives, int *parent, int along) {
    const Tile tile = tiles[blockIdx.x];
    const Box &box = boxes[tile.box];
    int *steps = (int *)shared_memory();
    find_steps(box, directions, DIRECTIONS, steps);
    __syncthreads();
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        const Level *at = arena + box.start + place;
        if (!*at) continue;
        int behind = 0;
        for (int k = 0; k < DIRECTIONS; k++) behind |= (along >> k & 1 && at[-steps[k]] == *at) << k;
        for (int left = representatives[behind] & ~ALONG_X; left; left &= left - 1) {
            int step = steps[__ffs(left) - 1];
            if (behind & ALONG_X && at[-step - 1] == *at) continue;
            unite(parent + box.start, (int)place, (int)place - step);
        }
    }
}

// A piece of a run along x lies in one zone: its first voxel adds all of it.
template <class Level>
__device__ void measure_zones(const Level *arena, const Box *boxes, const Tile *tiles, int *parent, unsigned *sizes,
                              int along) {
    const Tile tile = tiles[blockIdx.x];
    Int start = boxes[tile.box].start;
    const Level *levels = arena + start;
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        if (!levels[place] || (place % PIECE && goes_on(levels, place, along))) continue;
        Int next = place + 1;
        while (next % PIECE && goes_on(levels, next, along)) next++;
        atomicAdd(sizes + start + root(parent + start, (int)place), (unsigned)(next - place));
    }
}

// Sizes below `limit` in a table (levels, limit), larger zones in a list: level in the upper half of a number, size in
// the lower one.
template <class Level>
__device__ void count_zones(const Level *arena, const Box *boxes, const Tile *tiles, const unsigned *sizes,
                            unsigned *small, Natural *large, unsigned *listed, unsigned limit) {
    const Tile tile = tiles[blockIdx.x];
    const Box &box = boxes[tile.box];
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        unsigned level = arena[box.start + place], size = sizes[box.start + place];
        if (!size) continue;
        if (size < limit)
            atomicAdd(small + box.small + (Int)(level - 1) * limit + size, 1u);
        else
            large[box.large + atomicAdd(listed + tile.box, 1u)] = (Natural)level << 32 | size;
    }
}

#define KERNELS(Level, bits)                                                                                         \
    extern "C" __global__ void begin_zones##bits(const Level *arena, const Box *boxes, const Tile *tiles,            \
                                                 int *parent, Int along) {                                           \
        begin_zones(arena, boxes, tiles, parent, (int)along);                                                        \
    }                                                                                                                \
    extern "C" __global__ void join_zones##bits(const Level *arena, const Box *boxes, const Tile *tiles,             \
                                                const Int *directions, const unsigned short *representatives,        \
                                                int *parent, Int along) {                                            \
        join_zones(arena, boxes, tiles, directions, representatives, parent, (int)along);                            \
    }                                                                                                                \
    extern "C" __global__ void measure_zones##bits(const Level *arena, const Box *boxes, const Tile *tiles,          \
                                                   int *parent, unsigned *sizes, Int along) {                        \
        measure_zones(arena, boxes, tiles, parent, sizes, (int)along);                                               \
    }                                                                                                                \
    extern "C" __global__ void count_zones##bits(const Level *arena, const Box *boxes, const Tile *tiles,            \
                                                 const unsigned *sizes, unsigned *small, Natural *large,             \
                                                 unsigned *listed, Int limit) {                                      \
        count_zones(arena, boxes, tiles, sizes, small, large, listed, (unsigned)limit);                              \
    }

FOR_LEVELS(KERNELS)

#undef KERNELS
