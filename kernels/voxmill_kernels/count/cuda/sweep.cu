// GLCM, GLDM, NGTDM and GLRLM of boxes in one sweep; the counts are those of the CPU's sweep.
//
// A thread looks at a voxel: at both ends of every offset for its pairs, dependences and differences, and then along
// every direction in which a run begins there. A block keeps the counts of its tile in shared memory where they fit,
// and adds them to those of its box at the end. Of runs it keeps the short ones: long ones are few, and their lengths
// many.
#include "box.cuh"
#include "types.cuh"

const int MIXED = 16;  // bits of a count that a block keeps to itself: a tile has fewer than 2^16 places

// Counts of a matrix of so many columns: those of this block alone, two to a word, in the columns before `kept`; in the
// others, or where it has none of its own, those of all blocks at once.
struct Counter {
    unsigned *own, *all;
    int rows, columns, kept;

    __device__ void add(int row, int column) const {
        if (own && column < kept) {
            int cell = row * kept + column;
            atomicAdd(own + cell / 2, cell % 2 ? 1u << MIXED : 1u);
        } else
            atomicAdd(all + row * columns + column, 1u);
    }

    __device__ void clear() const {
        if (own)
            for (int word = threadIdx.x; word < (rows * kept + 1) / 2; word += blockDim.x) own[word] = 0;
    }

    __device__ void flush() const {
        if (own)
            for (int cell = threadIdx.x; cell < rows * kept; cell += blockDim.x) {
                unsigned count = own[cell / 2] >> cell % 2 * MIXED & ((1u << MIXED) - 1);
                if (count) atomicAdd(all + cell / kept * columns + cell % kept, count);
            }
    }
};

// Sums of a matrix, in the same way; those of a block fit into 32 bits, as layout.has_narrow_sums has it.
struct Adder {
    unsigned *own;
    Natural *all;
    int cells;

    __device__ void add(int cell, Natural value) const {
        if (own)
            atomicAdd(own + cell, (unsigned)value);
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
                if (own[cell]) atomicAdd(all + cell, (Natural)own[cell]);
    }
};

// All counters of a box; those of its own lie one after the other in shared memory, as layout says which and how many.
struct Counters {
    Counter glcm, gldm, glrlm;
    Adder ngtdm;
};

__device__ inline Counter counter(unsigned *&room, bool is_own, unsigned *all, Int rows, Int columns, Int kept) {
    unsigned *own = is_own ? room : nullptr;
    if (is_own) room += (rows * kept + 1) / 2;
    return {own, all, (int)rows, (int)columns, (int)kept};
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
        if (wanted & GLCM && ahead) counters.glcm.add(k * levels + level - 1, ahead - 1);
        near += (ahead != 0) + (behind != 0);
        total += one + other;
        dependent += ahead && one - here <= alpha && here - one <= alpha;
        dependent += behind && other - here <= alpha && here - other <= alpha;
    }
    if (wanted & GLDM) counters.gldm.add(level - 1, dependent);
    Int difference = near * here - total;
    int cell = (level - 1) * (2 * offsets + 1) + near;
    if (wanted & NGTDM && difference) counters.ngtdm.add(cell, difference < 0 ? -difference : difference);
}

// Runs of two and more that begin at a voxel; those of one follow from what is left. Gives the directions, one bit each,
// in which the next place is a voxel of the region too.
template <class Level>
__device__ unsigned follow_runs(const Level *at, const int *steps, int along, const Box &box, const Counter &glrlm) {
    int level = *at;
    unsigned met = 0;
    for (int k = 0; k < DIRECTIONS; k++) {
        int step = steps[k];
        if (!(along >> k & 1)) continue;
        met |= (unsigned)(at[step] != 0) << k;
        if (at[step] != level || at[-step] == level) continue;
        int length = 2;
        for (const Level *next = at + 2 * step; *next == level; next += step) length++;
        glrlm.add(k * (int)box.levels + level - 1, length - 1);
    }
    return met;
}

template <class Level>
__device__ void sweep(const Level *arena, const Box *boxes, const Tile *tiles, const Int *offsets, const Int *numbers,
                      unsigned *glcm, unsigned *gldm, Natural *ngtdm, unsigned *glrlm, unsigned *met, int count,
                      int along, int alpha, int wanted) {
    const Tile tile = tiles[blockIdx.x];
    const Box &box = boxes[tile.box];
    Int around = 2 * count + 1, cells = box.levels * around;
    unsigned *sums = (unsigned *)shared_memory(), *room = sums + (box.own & NGTDM ? cells : 0);
    Counters counters = {
        counter(room, box.own & GLCM, glcm + box.pairs, count * box.levels, box.levels, box.levels),
        counter(room, box.own & GLDM, gldm + box.around, box.levels, around, around),
        counter(room, box.own & GLRLM, glrlm + box.runs, DIRECTIONS * box.levels, box.longest, box.kept),
        {box.own & NGTDM ? sums : nullptr, ngtdm + box.around, (int)cells},
    };
    int *steps = (int *)room;
    find_steps(box, offsets, count + DIRECTIONS, steps);
    counters.glcm.clear(), counters.gldm.clear(), counters.glrlm.clear(), counters.ngtdm.clear();
    __syncthreads();
    Numbers of_levels = {numbers + box.numbers, box.gaps != 0};
    unsigned met_here = 0;
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        const Level *at = arena + box.start + place;
        if (!*at) continue;
        if (wanted & (GLCM | GLDM | NGTDM))
            look_around(at, steps, count, alpha, wanted, (int)box.levels, of_levels, counters);
        if (wanted & GLRLM) met_here |= follow_runs(at, steps + count, along, box, counters.glrlm);
    }
    if (met_here & ~look(met + tile.box)) atomicOr(met + tile.box, met_here);
    __syncthreads();
    counters.glcm.flush(), counters.gldm.flush(), counters.glrlm.flush(), counters.ngtdm.flush();
}

// A place of a box in z, y, x.
struct Point {
    int z, y, x;

    __device__ Point ahead(const Int *offset, int times) const {
        return {z + times * (int)offset[0], y + times * (int)offset[1], x + times * (int)offset[2]};
    }

    __device__ bool is_inside(const Box &box) const {
        return z >= box.border && y >= box.border && x >= box.border && z < box.depth - box.border &&
               y < box.height - box.border && x < box.width - box.border;
    }
};

// Whether a line that begins at this place meets two voxels of the region.
template <class Level>
__device__ bool meets_two(const Level *at, Point point, const Box &box, const Int *direction, int step) {
    int voxels = 0;
    for (; point.is_inside(box); point = point.ahead(direction, 1), at += step)
        if (*at && ++voxels == 2) return true;
    return false;
}

// Directions in which no two voxels of the region are next to each other, as far as the sweep saw: does a line meet two
// that are apart? Whoever is at the first place of a line follows it, so that every place is looked at once.
template <class Level>
__device__ void follow_lines(const Level *arena, const Box *boxes, const Tile *tiles, const Int *directions,
                             unsigned *met, int along) {
    const Tile tile = tiles[blockIdx.x];
    const Box &box = boxes[tile.box];
    int *steps = (int *)shared_memory();
    find_steps(box, directions, DIRECTIONS, steps);
    __syncthreads();
    for (Int place = tile.first + threadIdx.x; place < tile.last; place += blockDim.x) {
        int left = along & ~(int)look(met + tile.box);
        if (!left) return;
        int at = (int)place, width = (int)box.width, height = (int)box.height;
        Point point = {at / (width * height), at / width % height, at % width};
        if (!point.is_inside(box)) continue;
        for (; left; left &= left - 1) {
            int k = __ffs(left) - 1;
            const Int *direction = directions + 3 * k;
            if (point.ahead(direction, -1).is_inside(box)) continue;
            if (meets_two(arena + box.start + at, point, box, direction, steps[k])) atomicOr(met + tile.box, 1u << k);
        }
    }
}

// Runs of one: the voxels of a level that no longer run covers. Some blocks for every direction of every box; one in
// which no line met two voxels is left empty.
extern "C" __global__ void finish_runs(const Box *boxes, const Int *voxels, const unsigned *met, unsigned *glrlm,
                                       Int blocks) {
    Int matrix = blockIdx.x / blocks, k = matrix % DIRECTIONS;
    const Box &box = boxes[matrix / DIRECTIONS];
    if (!(met[matrix / DIRECTIONS] >> k & 1)) return;
    int longest = (int)box.longest, cells = (int)box.levels * longest;
    unsigned *runs = glrlm + box.runs + k * cells;
    for (Int at = blockIdx.x % blocks * blockDim.x + threadIdx.x; at < cells; at += blocks * blockDim.x) {
        int cell = (int)at, level = cell / longest, length = cell % longest + 1;
        unsigned *ones = runs + level * longest;
        if (length == 1)
            atomicAdd(ones, (unsigned)voxels[box.numbers + level]);
        else if (runs[cell])
            atomicAdd(ones, 0u - length * runs[cell]);
    }
}

#define KERNELS(Level, bits)                                                                                         \
    extern "C" __global__ void sweep##bits(const Level *arena, const Box *boxes, const Tile *tiles,                  \
                                           const Int *offsets, const Int *numbers, unsigned *glcm, unsigned *gldm,   \
                                           Natural *ngtdm, unsigned *glrlm, unsigned *met, Int count, Int along,     \
                                           Int alpha, Int wanted) {                                                  \
        sweep(arena, boxes, tiles, offsets, numbers, glcm, gldm, ngtdm, glrlm, met, (int)count, (int)along,          \
              (int)alpha, (int)wanted);                                                                              \
    }                                                                                                                \
    extern "C" __global__ void follow_lines##bits(const Level *arena, const Box *boxes, const Tile *tiles,            \
                                                  const Int *directions, unsigned *met, Int along) {                 \
        follow_lines(arena, boxes, tiles, directions, met, (int)along);                                              \
    }

FOR_LEVELS(KERNELS)

#undef KERNELS
