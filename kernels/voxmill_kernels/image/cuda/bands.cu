// Weighted sums along an axis of a box, bit for bit the CPU's: the middle, then pair by pair outwards, fused.
#include "floats.cuh"
#include "lines.cuh"
#include "types.cuh"

const int TOGETHER = 4;  // sums of a line that a thread makes at a time: it reads two voxels for as many pairs

// What is made: `count` sums of every line, the first about voxel `first`. A block has `lanes` lines and `rows` sums,
// as many as threads make together or a multiple of that.
struct Task {
    Int lines, length, inner, first, count;
    int reach, lanes, rows;
};

// Rows of lines from `first` on, in double; before their first voxel and after their last, that.
template <class Number>
__device__ inline void load(const Number *box, const Int *starts, int first, const Task &task, const Strip &strip,
                            double *held) {
    int last = (int)task.length - 1;
    for (int item = threadIdx.x; item < strip.size(); item += blockDim.x) {
        Spot spot = strip.spot(item);
        int row = first + spot.row, nearest = row < 0 ? 0 : row > last ? last : row;
        held[strip.place(spot)] = in_double(box[starts[spot.lane] + nearest * task.inner]);
    }
}

// The sums about a voxel and those that follow it, so far from one another.
__device__ inline void weigh(const double *middle, int stride, const double *weights, int reach, double *sums) {
    double before[TOGETHER], after[TOGETHER];
    for (int i = 0; i < TOGETHER; i++) {
        before[i] = after[i] = middle[i * stride];
        sums[i] = weights[0] * before[i];
    }
    // Turns side by side: after so many all is where it was, so that nothing has to be moved.
#pragma unroll TOGETHER
    for (int away = 1; away <= reach; away++) {
        for (int i = TOGETHER - 1; i > 0; i--) before[i] = before[i - 1];
        for (int i = 0; i < TOGETHER - 1; i++) after[i] = after[i + 1];
        before[0] = middle[-away * stride], after[TOGETHER - 1] = middle[(TOGETHER - 1 + away) * stride];
        double weight = weights[away];
        for (int i = 0; i < TOGETHER; i++) sums[i] = __fma_rn(weight, before[i] + after[i], sums[i]);
    }
}

// Passes: where lines begin; their voxels, with those in reach; sums; these to where they belong.
template <class Number>
__device__ void convolve(const Number *box, const double *weights, float *made, const Task &task) {
    Int groups = (task.lines + task.lanes - 1) / task.lanes, begin = blockIdx.x / groups * task.rows;
    Int line = blockIdx.x % groups * task.lanes;
    Lines lines = {line, task.inner, (int)smaller(task.lanes, task.lines - line)};
    int rows = (int)smaller(task.rows, task.count - begin), lanes = lines.lanes;
    int turns = (rows + TOGETHER - 1) / TOGETHER;
    Strip given = {turns * TOGETHER + 2 * task.reach, lanes, task.inner == 1}, wanted = {rows, lanes, task.inner == 1};

    Int *from = (Int *)shared_memory(), *to = from + lanes;
    double *held = (double *)(to + lanes);
    float *sums = (float *)(held + given.rows * (lanes + 1));
    for (int lane = threadIdx.x; lane < lanes; lane += blockDim.x)
        from[lane] = lines.start(lane, task.length), to[lane] = lines.start(lane, task.count);
    __syncthreads();
    load(box, from, (int)(task.first + begin) - task.reach, task, given, held);
    __syncthreads();
    for (int item = threadIdx.x; item < turns * lanes; item += blockDim.x) {
        int row = item / lanes * TOGETHER, lane = item % lanes;
        double found[TOGETHER];
        weigh(held + given.place({row + task.reach, lane}), lanes + 1, weights, task.reach, found);
        for (int i = 0; i < TOGETHER; i++)
            if (row + i < rows) sums[wanted.place({row + i, lane})] = in_single(found[i]);
    }
    __syncthreads();
    for (int item = threadIdx.x; item < wanted.size(); item += blockDim.x) {
        Spot spot = wanted.spot(item);
        made[to[spot.lane] + (begin + spot.row) * task.inner] = sums[wanted.place(spot)];
    }
}

#define CONVOLVE(Number, type)                                                                                       \
    extern "C" __global__ void convolve_##type(const Number *box, const double *weights, float *made, Int lines,     \
                                               Int length, Int inner, Int first, Int count, Int reach, Int lanes,    \
                                               Int rows) {                                                           \
        convolve(box, weights, made, {lines, length, inner, first, count, (int)reach, (int)lanes, (int)rows});       \
    }

FOR_READ(CONVOLVE)

#undef CONVOLVE

// A term divided by a number, in double, added to a total.
extern "C" __global__ void add_quotient(const float *term, float *total, Int count, double divisor) {
    for (Int place = first_place(); place < count; place = next_place(place))
        total[place] = in_single(in_double(total[place]) + in_double(term[place]) / divisor);
}
