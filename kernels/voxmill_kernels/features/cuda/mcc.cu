// Maximal correlation of co-occurrence matrices, one block for each: the CPU's search, with its sums in its order. mcc.py
// beside the CPU's features says what it does and why; where that search fails the matrix is left to the CPU.
#include "common.cuh"

const int FIRST_CHECK = 12, CHECK_EVERY = 4, MORE_STEPS = 40, ROUNDS = 30;
const double CERTAIN = 1e-13, NOTHING = 1e-14, PRECISE = 1e-15, SHORTER = 1 - 1e-6;

// What is found where it is no correlation.
const double UNKNOWN = -1, WITHOUT_PAIRS = -2;

// Where a matrix begins among all counts, and its room among that of all; how many levels it has.
struct Matrix {
    Int start, levels, room;
};

// A search: the matrix less its first eigenpair, three vectors and the tridiagonal matrix that they make, numbers that
// threads tell each other. Levels that do not occur are left out; `size` is a multiple of four.
struct Search {
    int size, stride;
    double *rest, *vectors, *alpha, *beta, *told;

    __device__ double *vector(int step) const { return vectors + step % 3 * stride; }
};

__device__ inline int four(int size) { return (size + 3) / 4 * 4; }

// Four sums side by side, as the CPU has them. All threads meet before more is told.
__device__ double dot(const Search &search, const double *one, const double *other) {
    for (int part = threadIdx.x; part < 4; part += blockDim.x) {
        double sum = 0;
        for (int i = part; i < search.size; i += 4) sum += one[i] * other[i];
        search.told[part] = sum;
    }
    __syncthreads();
    return (search.told[0] + search.told[1]) + (search.told[2] + search.told[3]);
}

// Gives how long the vector was.
__device__ double normalise(const Search &search, double *vector) {
    double length = sqrt(dot(search, vector, vector)), factor = length > NOTHING ? 1 / length : 0;
    for (int i = threadIdx.x; i < search.size; i += blockDim.x) vector[i] *= factor;
    __syncthreads();
    return length > NOTHING ? length : 0;
}

__device__ void multiply(const Search &search, const double *vector, double *product) {
    for (int i = threadIdx.x; i < search.size; i += blockDim.x) {
        const double *column = search.rest + i;
        double sum = 0;
#pragma unroll 1  // more at once take more registers
        for (int j = 0; j < search.size; j += 4, column += 4 * search.size)
            sum += (column[0] * vector[j] + column[search.size] * vector[j + 1]) +
                   (column[2 * search.size] * vector[j + 2] + column[3 * search.size] * vector[j + 3]);
        product[i] = sum;
    }
    __syncthreads();
}

// A step of Lanczos.
__device__ void advance(const Search &search, int step) {
    double *now = search.vector(step), *product = search.vector(step + 1), *last = search.vector(step + 2);
    if (!step)
        for (int i = threadIdx.x; i < search.size; i += blockDim.x) last[i] = 0;
    multiply(search, now, product);
    double along = dot(search, now, product), before = search.beta[step];
    for (int i = threadIdx.x; i < search.size; i += blockDim.x) product[i] -= along * now[i] + before * last[i];
    __syncthreads();
    double length = normalise(search, product);
    if (!threadIdx.x) search.alpha[step] = along, search.beta[step + 1] = length;
    __syncthreads();
}

// Row sums of the matrix made symmetric: whole numbers, which add up to the same in any order.
__device__ void find_marginals(const unsigned *matrix, int levels, double *marginals) {
    for (int i = threadIdx.x; i < levels; i += blockDim.x) {
        double sum = 0;
#pragma unroll 1
        for (int j = 0; j < levels; j++) sum += (double)matrix[i * levels + j] + (double)matrix[j * levels + i];
        marginals[i] = sum;
    }
    __syncthreads();
}

// Levels that occur, and their sums, moved to the front; tells how many they are, and the sum of all.
__device__ void find_present(int levels, double *marginals, int *present, double *told) {
    if (!threadIdx.x) {
        int size = 0;
        double total = 0;
        for (int i = 0; i < levels; i++) {
            total += marginals[i];
            if (marginals[i] > 0) present[size] = i, marginals[size++] = marginals[i];
        }
        told[0] = size, told[1] = total;
    }
    __syncthreads();
}

// The matrix over the levels that occur, scaled, less its first eigenpair; zero beyond them. Others may not be done yet.
__device__ void deflate(const Search &search, const unsigned *matrix, int levels, const int *present, int occurring,
                        double total) {
    double *scale = search.vectors + search.stride, *first = scale + search.stride;
    for (int i = threadIdx.x; i < search.size; i += blockDim.x) {
        scale[i] = i < occurring ? 1 / sqrt(first[i]) : 0;
        first[i] = i < occurring ? sqrt(first[i] / total) : 0;
    }
    __syncthreads();
    for (int cell = threadIdx.x; cell < search.size * search.size; cell += blockDim.x) {
        int i = cell / search.size, j = cell % search.size;
        double pairs = 0;
        if (i < occurring && j < occurring) {
            int a = present[i], b = present[j];
            pairs = (double)matrix[a * levels + b] + (double)matrix[b * levels + a];
        }
        search.rest[cell] = pairs * (scale[i] * scale[j]) - first[i] * first[j];
    }
}

// A unit vector of arbitrary numbers, at right angles to the first eigenvector.
__device__ void start(const Search &search, int occurring) {
    double *vector = search.vectors;
    const double *first = search.vectors + 2 * search.stride;
    if (!threadIdx.x) {
        Int state = 12345;
        for (int i = 0; i < search.size; i++) {
            state = (state * 1103515245 + 12345) % 2147483648;
            vector[i] = i < occurring ? state / 2147483648.0 - 0.5 : 0;
        }
    }
    __syncthreads();
    double share = dot(search, first, vector);
    for (int i = threadIdx.x; i < occurring; i += blockDim.x) vector[i] -= share * first[i];
    __syncthreads();
    normalise(search, vector);
}

// Laguerre's step from x towards the highest eigenvalue of sign * T; 0 where rounding has carried x as far as it goes.
__device__ double laguerre(const Search &search, int size, double sign, double x) {
    double inverse = 0, first = 0, second = 0, slope = 0, bend = 0;
    for (int i = 0; i < size; i++) {
        double square = search.beta[i] * search.beta[i] * inverse, ratio = first * inverse;
        double q = sign * search.alpha[i] - x - square;
        if (q >= 0) return 0;
        second = square * (second * inverse - 2.0 * ratio * ratio);
        first = square * ratio - 1.0;
        inverse = 1.0 / q;
        double g = first * inverse;
        slope += g;
        bend += g * g - second * inverse;
    }
    double under = (size - 1) * (size * bend - slope * slope);
    return size / (slope + sqrt(under > 0 ? under : 0));
}

// The highest eigenvalue of sign * T; `settled` says whether the search for it came to its end.
__device__ double highest(const Search &search, int size, double sign, double *settled) {
    double x = 0;
    for (int i = 0; i < size; i++) {
        double bound = fabs(search.alpha[i]) + search.beta[i] + search.beta[i + 1];
        x = bound > x ? bound : x;
    }
    x = x < 1.0 + CERTAIN ? x : 1.0 + CERTAIN;
    bool ended = false;
    for (int round = 0; round < ROUNDS && !ended; round++) {
        double step = laguerre(search, size, sign, x);
        ended = step <= PRECISE * x;
        x -= SHORTER * step;
    }
    *settled = ended;
    return x;
}

// How far the Ritz vector of the eigenvalue x of sign * T is from an eigenvector of the whole matrix.
__device__ double residual(const Search &search, int size, double sign, double x) {
    const double *alpha = search.alpha, *beta = search.beta;
    if (beta[size] == 0) return 0;
    double share = 1, square = 1, pivot = sign * alpha[size - 1] - x;
    for (int i = size - 2; i >= 0; i--) {
        share *= pivot / beta[i + 1];
        square += share * share;
        pivot = sign * alpha[i] - x - beta[i + 1] * beta[i + 1] / pivot;
    }
    return beta[size] / sqrt(square);
}

// The largest |eigenvalue| after so many steps, UNKNOWN where it is not certain. Both signs are looked at side by side.
__device__ double certain(const Search &search, int size) {
    double *roots = search.told, *settled = roots + 2;
    for (int side = threadIdx.x; side < 2; side += blockDim.x)
        roots[side] = highest(search, size, side ? -1.0 : 1.0, settled + side);
    __syncthreads();
    if (!threadIdx.x) {
        int side = roots[1] > roots[0];
        double x = roots[side];
        bool sure = settled[side] != 0 && residual(search, size, side ? -1.0 : 1.0, x) <= CERTAIN;
        roots[0] = sure ? x : UNKNOWN;
    }
    __syncthreads();
    return roots[0];
}

// Whether one step less than there are levels has left nothing over, as it must; that is taken for nothing.
__device__ bool ends(const Search &search, int size) {
    double left = search.beta[size];
    __syncthreads();
    if (!threadIdx.x) search.beta[size] = 0;
    __syncthreads();
    return left <= CERTAIN;
}

__device__ double find(const Search &search, int occurring) {
    int first = 0, last = FIRST_CHECK;
    while (last <= occurring + MORE_STEPS) {
        int stop = !first && occurring - 1 < last ? occurring - 1 : last;
        for (int step = first; step < stop; step++) advance(search, step);
        if (stop < last && !ends(search, stop)) return UNKNOWN;
        double found = certain(search, last);
        if (found != UNKNOWN) return found;
        first = last;
        last += last / 8 > CHECK_EVERY ? last / 8 : CHECK_EVERY;
    }
    return UNKNOWN;
}

// In shared memory: three vectors, alpha and beta, four numbers that are told, which levels occur.
extern "C" __global__ void correlate_pairs(const Matrix *matrices, const unsigned *glcm, double *room, double *found) {
    const Matrix &its = matrices[blockIdx.x];
    int levels = (int)its.levels, stride = four(levels), steps = levels + MORE_STEPS + 1;
    double *vectors = (double *)shared_memory(), *alpha = vectors + 3 * stride, *told = alpha + 2 * steps;
    int *present = (int *)(told + 4);
    const unsigned *matrix = glcm + its.start;
    for (int i = threadIdx.x; i < 2 * steps; i += blockDim.x) alpha[i] = 0;
    find_marginals(matrix, levels, vectors + 2 * stride);
    find_present(levels, vectors + 2 * stride, present, told);
    int occurring = (int)told[0];
    double total = told[1];
    double value = WITHOUT_PAIRS;
    if (occurring) {
        Search search = {four(occurring), stride, room + its.room, vectors, alpha, alpha + steps, told};
        deflate(search, matrix, levels, present, occurring, total);
        start(search, occurring);
        value = find(search, occurring);
    }
    if (!threadIdx.x) found[blockIdx.x] = value;
}
