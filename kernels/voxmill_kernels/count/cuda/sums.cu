// Co-occurrence counts → whole-number sums, those of the CPU's sums: matrices need not leave the device.
#include "box.cuh"

// What of a matrix adds up to single numbers, in the order in which they stand before the other sums of its box; the
// last is the most that a cell has before the matrix becomes symmetric.
struct Scalars {
    Natural total, product, squares, largest, most;
};
const int SCALARS = 5;

__device__ inline void add(Int *sum, Natural value) { atomicAdd((Natural *)sum, value); }
__device__ inline Natural larger(Natural one, Natural other) { return one > other ? one : other; }

// Where the sums of a matrix go: by level, by i + j (2 * top + 1 of them), by |i - j| (top of them). How often a count
// occurs is tallied below `limit`; larger counts are listed.
struct Sums {
    Int *by_level, *by_sum, *by_difference;
    unsigned *tally, *listed;
    Natural *list;
    unsigned limit;

    // A cell off the diagonal of the symmetric matrix stands for two.
    __device__ void take(int i, int j, Int low, Int high, Natural count) const {
        int copies = i == j ? 1 : 2;
        add(by_level + i, count);
        if (i != j) add(by_level + j, count);
        add(by_sum + low + high, copies * count);
        add(by_difference + high - low, copies * count);
        if (count < limit)
            atomicAdd(tally + count, (unsigned)copies);
        else
            for (int copy = 0; copy < copies; copy++) list[atomicAdd(listed, 1u)] = count;
    }
};

__device__ inline Scalars sum_cells(const unsigned *matrix, int levels, const Int *numbers, const Sums &sums) {
    Scalars mine = {0, 0, 0, 0, 0};
    for (int cell = threadIdx.x; cell < levels * levels; cell += blockDim.x) {
        int i = cell / levels, j = cell % levels;
        Natural one = matrix[cell], other = matrix[j * levels + i], count = one + other;
        if (j < i || !count) continue;
        Natural both = i == j ? count : 2 * count;
        mine.total += both;
        mine.product += both * numbers[i] * numbers[j];
        mine.squares += both * count;
        mine.largest = larger(count, mine.largest);
        mine.most = larger(larger(one, other), mine.most);
        sums.take(i, j, numbers[i], numbers[j], count);
    }
    return mine;
}

// One block for one offset of one box. Each kind of sum of all offsets of a box stands together, as the CPU has them.
extern "C" __global__ void sum_pairs(const Box *boxes, const Int *numbers, const unsigned *glcm, Int *sums,
                                     unsigned *few, Natural *many, unsigned *listed, Int offsets, Int limit) {
    const Box &box = boxes[blockIdx.x / offsets];
    Int k = blockIdx.x % offsets, top = numbers[box.numbers + box.levels - 1];
    Int *scalars = sums + box.sums, *by_level = scalars + SCALARS * offsets;
    Int *by_sum = by_level + offsets * box.levels, *by_difference = by_sum + offsets * (2 * top + 1);
    unsigned *tally = (unsigned *)shared_memory();
    for (int count = threadIdx.x; count < limit; count += blockDim.x) tally[count] = 0;
    __syncthreads();
    Sums to = {by_level + k * box.levels, by_sum + k * (2 * top + 1), by_difference + k * top, tally,
               listed + blockIdx.x, many + box.many + k * box.room, (unsigned)limit};
    Scalars mine = sum_cells(glcm + box.pairs + k * box.levels * box.levels, (int)box.levels,
                             numbers + box.numbers, to);
    if (mine.total) {
        Int *row = scalars + k;
        add(row, mine.total), add(row + offsets, mine.product), add(row + 2 * offsets, mine.squares);
        atomicMax((Natural *)row + 3 * offsets, mine.largest), atomicMax((Natural *)row + 4 * offsets, mine.most);
    }
    __syncthreads();
    for (int count = threadIdx.x; count < limit; count += blockDim.x) few[box.few + k * limit + count] = tally[count];
}
