// GLCM, GLDM, NGTDM and GLRLM of boxes in one sweep; the counts are those of the CPU's sweep.
//
// A thread looks at a voxel: at both ends of every offset for its pairs, dependences and differences, and then along
// every direction in which a run begins there. A block keeps the counts of its tile in shared memory where they fit,
// and adds them to those of its box at the end.
#include "box.cuh"

const int MIXED = 16;  // bits of a count that a block keeps to itself: a tile has fewer than 2^16 places

// Counts of a matrix: those of this block alone, two to a word, or else those of all blocks at once.
struct Counter {
    unsigned *own, *all;
    int cells;

    __device__ void add(int cell) const {
        if (own)
            atomicAdd(own + cell / 2, cell % 2 ? 1u << MIXED : 1u);
        else
            atomicAdd(all + cell, 1u);
    }

    __device__ void clear() const {
        if (own)
            for (int word = threadIdx.x; word < (cells + 1) / 2; word += blockDim.x) own[word] = 0;
    }

    __device__ void flush() const {
        if (own)
            for (int cell = threadIdx.x; cell < cells; cell += blockDim.x) {
                unsigned count = own[cell / 2] >> cell % 2 * MIXED & ((1u << MIXED) - 1);
                if (count) atomicAdd(all + cell, count);
            }
    }
};

// Sums of a matrix, in the same way.
struct Adder {
    Natural *own, *all;
    int cells;

    __device__ void add(int cell, Natural value) const {
        if (own)
            atomicAdd(own + cell, value);
        else
            atomicAdd(all + cell, value);
    }

    __device__ void clear() const {
        if (own)
            for (int cell = threadIdx.x; cell < cells; cell += blockDim.x) own[cell] = 0;
    }

    __device__ void flush() const {
        if (own)
            for (int cell = threadIdx.x; cell < cells; cell += blockDim.x)
                if (own[cell]) atomicAdd(all + cell, own[cell]);
    }
};

// All counters of a box; those of its own lie one after the other in shared memory, as layout.own_bytes has it.
struct Counters {
    Counter glcm, gldm, glrlm;
    Adder ngtdm;
};

__device__ inline Counter counter(unsigned *&room, bool is_own, unsigned *all, Int cells) {
    unsigned *own = is_own ? room : nullptr;
    if (is_own) room += (cells + 1) / 2;
    return {own, all, (int)cells};
}

// Neighbours of a voxel as GLCM, GLDM and NGTDM see them.
template <class Level>
__device__ void look_around(const Level *at, const int *steps, int offsets, int alpha, int wanted, int levels,
                            const Numbers &numbers, const Counters &counters) {
    int level = *at, near = 0, dependent = 0;
    Int here = numbers.of(level), total = 0;
    for (int k = 0; k < offsets; k++) {
        int ahead = at[steps[k]], behind = at[-steps[k]];
        Int one = numbers.of(ahead), other = numbers.of(behind);
        if (wanted & GLCM && ahead) counters.glcm.add((k * levels + level - 1) * levels + ahead - 1);
        near += (ahead != 0) + (behind != 0);
        total += one + other;
        dependent += ahead && one - here <= alpha && here - one <= alpha;
        dependent += behind && other - here <= alpha && here - other <= alpha;
    }
    int row = (level - 1) * (2 * offsets + 1);
    if (wanted & GLDM) counters.gldm.add(row + dependent);
    Int difference = near * here - total;
    if (wanted & NGTDM && difference) counters.ngtdm.add(row + near, difference < 0 ? -difference : difference);
}

// Runs of two and more that begin at a voxel; those of one follow from what is left.
template <class Level>
__device__ void follow_runs(const Level *at, const int *steps, int along, const Box &box, const Counter &glrlm) {
    int level = *at;
    for (int k = 0; k < DIRECTIONS; k++) {
        int step = steps[k];
        if (!(along >> k & 1) || at[step] != level || at[-step] == level) continue;
        int length = 2;
        for (const Level *next = at + 2 * step; *next == level; next += step) length++;
        glrlm.add((k * (int)box.levels + level - 1) * (int)box.longest + length - 1);
    }
}

template <class Level>
__device__ void sweep(const Level *arena, const Box *boxes, const Tile *tiles, const Int *offsets, const Int *numbers,
                      unsigned *glcm, unsigned *gldm, Natural *ngtdm, unsigned *glrlm, int count, int along, int alpha,
                      int wanted) {
    const Tile tile = tiles[blockIdx.x];
    const Box &box = boxes[tile.box];
    Int cells = box.levels * (2 * count + 1);
    Natural *sums = (Natural *)shared_memory();
    unsigned *room = (unsigned *)(sums + (box.own & NGTDM ? cells : 0));
    Counters counters = {
        counter(room, box.own & GLCM, glcm + box.pairs, count * box.levels * box.levels),
        counter(room, box.own & GLDM, gldm + box.around, cells),
        counter(room, box.own & GLRLM, glrlm + box.runs, DIRECTIONS * box.levels * box.longest),
        {box.own & NGTDM ? sums : nullptr, ngtdm + box.around, (int)cells},
    };
    int *steps = (int *)room;
    find_steps(box, offsets, count + DIRECTIONS, steps);
    counters.glcm.clear(), counters.gldm.clear(), counters.glrlm.clear(), counters.ngtdm.clear();
    __syncthreads();
    Numbers of_levels = {numbers + box.numbers, box.gaps != 0};
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        const Level *at = arena + box.start + place;
        if (!*at) continue;
        if (wanted & (GLCM | GLDM | NGTDM))
            look_around(at, steps, count, alpha, wanted, (int)box.levels, of_levels, counters);
        if (wanted & GLRLM) follow_runs(at, steps + count, along, box, counters.glrlm);
    }
    __syncthreads();
    counters.glcm.flush(), counters.gldm.flush(), counters.glrlm.flush(), counters.ngtdm.flush();
}

// Whether a line from this place along a direction meets another voxel of the region.
template <class Level>
__device__ bool meets_another(const Level *levels, Int place, const Box &box, const Int *direction) {
    Int z = place / (box.width * box.height), y = place / box.width % box.height, x = place % box.width;
    for (;;) {
        z += direction[0], y += direction[1], x += direction[2];
        if (z >= box.depth - box.border || y < box.border || y >= box.height - box.border || x < box.border ||
            x >= box.width - box.border)
            return false;
        if (levels[(z * box.height + y) * box.width + x]) return true;
    }
}

// Runs of one, for one direction of one box; a direction in which no line holds two voxels is emptied.
template <class Level>
__device__ void finish_runs(const Level *arena, const Box *boxes, const Int *offsets, const Int *voxels,
                            unsigned *glrlm, int count, int along) {
    const Box &box = boxes[blockIdx.x / DIRECTIONS];
    int k = blockIdx.x % DIRECTIONS;
    if (!(along >> k & 1)) return;
    unsigned *runs = glrlm + box.runs + k * box.levels * box.longest;
    int *any = (int *)shared_memory();
    if (threadIdx.x == 0) *any = 0;
    __syncthreads();
    for (Int level = threadIdx.x; level < box.levels; level += blockDim.x) {
        unsigned *of_level = runs + level * box.longest - 1;  // by length
        unsigned covered = 0;
        for (Int length = 2; length <= box.longest; length++) covered += length * of_level[length];
        of_level[1] = voxels[box.numbers + level] - covered;
        if (covered) atomicExch(any, 1);
    }
    __syncthreads();
    const Level *levels = arena + box.start;
    Int size = box.depth * box.height * box.width;
    for (Int place = threadIdx.x; place < size && !look(any); place += blockDim.x)
        if (levels[place] && meets_another(levels, place, box, offsets + 3 * (count + k))) atomicExch(any, 1);
    __syncthreads();
    if (!*any)
        for (Int level = threadIdx.x; level < box.levels; level += blockDim.x) runs[level * box.longest] = 0;
}

#define KERNELS(Level, bits)                                                                                         \
    extern "C" __global__ void sweep##bits(const Level *arena, const Box *boxes, const Tile *tiles,                  \
                                           const Int *offsets, const Int *numbers, unsigned *glcm, unsigned *gldm,   \
                                           Natural *ngtdm, unsigned *glrlm, Int count, Int along, Int alpha,         \
                                           Int wanted) {                                                             \
        sweep(arena, boxes, tiles, offsets, numbers, glcm, gldm, ngtdm, glrlm, (int)count, (int)along, (int)alpha,   \
              (int)wanted);                                                                                          \
    }                                                                                                                \
    extern "C" __global__ void finish_runs##bits(const Level *arena, const Box *boxes, const Int *offsets,           \
                                                 const Int *voxels, unsigned *glrlm, Int count, Int along) {         \
        finish_runs(arena, boxes, offsets, voxels, glrlm, (int)count, (int)along);                                   \
    }

KERNELS(unsigned char, 8)
KERNELS(unsigned short, 16)

#undef KERNELS
