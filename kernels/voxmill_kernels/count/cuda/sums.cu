// Co-occurrence counts → whole-number sums, those of the CPU's sums: matrices need not leave the device.
#include "box.cuh"

// What of a matrix adds up to single numbers, in the order in which they stand before its other sums.
struct Scalars {
    Natural total, product, squares, largest, most;
};
const int SCALARS = 5;

__device__ inline void add(Int *sum, Natural value) { atomicAdd((Natural *)sum, value); }

// One block for one offset of one box. A cell off the diagonal of the symmetric matrix stands for two. A row of sums:
// total, product, squares and largest, the most that a cell has before it becomes symmetric; by level; by i + j
// (2 * top + 1 of them); by |i - j| (top of them).
// Counts below `limit` are tallied in `few`, larger ones listed in `many`.
extern "C" __global__ void sum_pairs(const Box *boxes, const Int *numbers, const unsigned *glcm, Int *sums,
                                     unsigned *few, Natural *many, unsigned *listed, Int offsets, Int limit) {
    Int index = blockIdx.x / offsets, k = blockIdx.x % offsets;
    const Box &box = boxes[index];
    const unsigned *matrix = glcm + box.pairs + k * box.levels * box.levels;
    const Int *number = numbers + box.numbers;
    Int top = number[box.levels - 1];
    Int *row = sums + box.sums + k * (SCALARS + box.levels + 3 * top + 1);
    Int *by_level = row + SCALARS, *by_sum = by_level + box.levels, *by_difference = by_sum + 2 * top + 1;
    unsigned *counted = few + box.few + k * limit;
    Natural *list = many + box.many + k * box.room;
    unsigned *tally = (unsigned *)shared_memory();
    for (int count = threadIdx.x; count < limit; count += blockDim.x) tally[count] = 0;
    __syncthreads();
    Scalars mine = {0, 0, 0, 0, 0};
    for (Int cell = threadIdx.x; cell < box.levels * box.levels; cell += blockDim.x) {
        Int i = cell / box.levels, j = cell % box.levels;
        if (j < i) continue;
        Natural one = matrix[i * box.levels + j], other = matrix[j * box.levels + i], count = one + other;
        if (!count) continue;
        int copies = i == j ? 1 : 2;
        Int low = number[i], high = number[j];
        mine.total += copies * count;
        mine.product += copies * count * low * high;
        mine.squares += copies * count * count;
        mine.largest = count > mine.largest ? count : mine.largest;
        mine.most = one > mine.most ? one : mine.most;
        mine.most = other > mine.most ? other : mine.most;
        add(by_level + i, count);
        if (i != j) add(by_level + j, count);
        add(by_sum + low + high, copies * count);
        add(by_difference + high - low, copies * count);
        if (count < (Natural)limit)
            atomicAdd(tally + count, (unsigned)copies);
        else
            for (int copy = 0; copy < copies; copy++) list[atomicAdd(listed + blockIdx.x, 1u)] = count;
    }
    add(row, mine.total), add(row + 1, mine.product), add(row + 2, mine.squares);
    atomicMax((Natural *)row + 3, mine.largest), atomicMax((Natural *)row + 4, mine.most);
    __syncthreads();
    for (int count = threadIdx.x; count < limit; count += blockDim.x) counted[count] = tally[count];
}
