// Values of an image between its voxels, bit for bit the CPU's: a thread for a voxel of the output.
#include "floats.cuh"
#include "places.cuh"
#include "types.cuh"

// `width` voxels of each line from the one that is `first` of `length`; where the box (depth, rows, columns) starts in
// the image, and the shape of that. Axes are z, y, x.
struct Geometry {
    int lines, length, first, width;
    int start[3], shape[3], rows, columns;

    __device__ Int count() const { return (Int)lines * width; }
};

// Where an output's voxel is in the image; gives whether that is inside.
__device__ inline bool find(const double *starts, const double *steps, const Geometry &at, Int place,
                            double *position) {
    Int line = quotient(place, at.width);
    double way = (double)(at.first + place - line * at.width) / (double)at.length;
    bool inside = true;
    for (int axis = 0; axis < 3; axis++) {
        position[axis] = starts[3 * line + axis] + way * steps[3 * line + axis];
        inside = inside && position[axis] >= -0.5 && position[axis] < (double)at.shape[axis] - 0.5;
    }
    return inside;
}

// To the nearest whole number, halves up.
__device__ inline Int rounded(double position) { return (Int)rint(2.0 * position + 0.5) >> 1; }

template <class Voxel>
__device__ void nearest(const Voxel *box, const double *starts, const double *steps, const Geometry &at,
                        Voxel *values) {
    for (Int place = first_place(); place < at.count(); place = next_place(place)) {
        double position[3];
        Voxel value = 0;
        if (find(starts, steps, at, place, position)) {
            Int z = rounded(position[0]) - at.start[0], y = rounded(position[1]) - at.start[1];
            value = box[(z * at.rows + y) * at.columns + rounded(position[2]) - at.start[2]];
        }
        values[place] = value;
    }
}

// Without a look at what follows where there is no way to it: it could be infinite.
__device__ inline double between(double before, double after, double way) {
    return way > 0.0 ? before + (after - before) * way : before;
}

// Along an axis: the voxel before a position, in the box; how far the next is, if that bears on it; the way there.
struct Pair {
    int voxel, next;
    double way;
};

__device__ inline Pair pair(double position, int start, int size) {
    int voxel = (int)floor(position);
    if (voxel < 0) voxel = 0;
    bool after = position > (double)voxel && voxel + 1 < size;
    return {voxel - start, after, after ? position - (double)voxel : 0.0};
}

template <class Voxel> __device__ inline double along_x(const Voxel *row, const Pair &x) {
    return between(in_double(row[x.voxel]), in_double(row[x.voxel + x.next]), x.way);
}

template <class Voxel> __device__ inline double in_slice(const Voxel *slice, int columns, const Pair &y, const Pair &x) {
    const Voxel *row = slice + (Int)y.voxel * columns;
    return between(along_x(row, x), along_x(row + y.next * columns, x), y.way);
}

template <class Voxel>
__device__ void linear(const Voxel *box, const double *starts, const double *steps, const Geometry &at,
                       double *values) {
    Int size = (Int)at.rows * at.columns;
    for (Int place = first_place(); place < at.count(); place = next_place(place)) {
        double position[3], value = 0.0;
        if (find(starts, steps, at, place, position)) {
            Pair z = pair(position[0], at.start[0], at.shape[0]), y = pair(position[1], at.start[1], at.shape[1]);
            Pair x = pair(position[2], at.start[2], at.shape[2]);
            const Voxel *slice = box + z.voxel * size, *next = slice + z.next * size;
            value = between(in_slice(slice, at.columns, y, x), in_slice(next, at.columns, y, x), z.way);
        }
        values[place] = value;
    }
}

// The voxel that is seen there in a mirror at either end of an axis.
__device__ inline int mirrored(int voxel, int size) {
    if (size == 1) return 0;
    while (voxel < 0 || voxel >= size) voxel = voxel < 0 ? -voxel : 2 * (size - 1) - voxel;
    return voxel;
}

// Along an axis: the first of four coefficients that bear on a position, and their weights. They are looked for in
// single precision, as ITK does.
struct Four {
    int first;
    double weights[4];

    __device__ explicit Four(double position) {
        int voxel = (int)floor(in_double(in_single(position)));
        double way = position - (double)voxel, last = (1.0 / 6.0) * way * way * way;
        first = voxel - 1, weights[3] = last;
        weights[0] = (1.0 / 6.0) + 0.5 * way * (way - 1.0) - last;
        weights[2] = way + weights[0] - 2.0 * last;
        weights[1] = 1.0 - weights[0] - weights[2] - last;
    }
};

// The same, but that the weights lie in a block's memory: so a thread needs fewer registers.
struct Kept {
    double *weights;
    int first;

    __device__ Kept(double position, int axis) {
        Four found(position);
        weights = (double *)shared_memory() + 4 * axis * blockDim.x + threadIdx.x, first = found.first;
        for (int k = 0; k < 4; k++) weights[k * blockDim.x] = found.weights[k];
    }
    __device__ double weight(int k) const { return weights[k * blockDim.x]; }
};

// The total and the sixteen terms of a slice, each of which counts as much as `depth`.
__device__ inline double with_slice(double total, const double *slice, double depth, const Geometry &at, const Kept &y,
                                    const Four &x) {
    int columns[4];
    for (int i = 0; i < 4; i++) columns[i] = mirrored(x.first + i, at.shape[2]) - at.start[2];
    ROLLED for (int j = 0; j < 4; j++) {
        const double *row = slice + (Int)(mirrored(y.first + j, at.shape[1]) - at.start[1]) * at.columns;
        double height = y.weight(j);
        for (int i = 0; i < 4; i++) total += x.weights[i] * height * depth * row[columns[i]];
    }
    return total;
}

// `slices` is 1 where there is no z, else 4.
template <int slices>
__device__ inline void cubic_spline(const double *box, const double *starts, const double *steps, const Geometry &at,
                             double *values) {
    for (Int place = first_place(); place < at.count(); place = next_place(place)) {
        double position[3], total = 0.0;
        if (find(starts, steps, at, place, position)) {
            Kept z(position[0], 0), y(position[1], 1);
            Four x(position[2]);
            ROLLED for (int k = 0; k < slices; k++) {
                Int slice = (Int)(mirrored(z.first + k, at.shape[0]) - at.start[0]) * at.rows * at.columns;
                total = with_slice(total, box + slice, slices == 1 ? 1.0 : z.weight(k), at, y, x);
            }
        }
        values[place] = total;
    }
}

// A thread has numbers of the geometry to itself: what lies in memory is read again after whatever is written there.
#define NEAREST(bits, Voxel)                                                                                         \
    extern "C" __global__ void nearest##bits(const Voxel *box, const double *starts, const double *steps,            \
                                             const Geometry *at, Voxel *values) {                                    \
        nearest(box, starts, steps, Geometry(*at), values);                                                          \
    }
#define CUBIC(name, slices)                                                                                          \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                             \
        name(const double *box, const double *starts, const double *steps, const Geometry *at, double *values) {     \
        cubic_spline<slices>(box, starts, steps, *at, values);                                                              \
    }
#define LINEAR(Voxel, type)                                                                                          \
    extern "C" __global__ void linear_##type(const Voxel *box, const double *starts, const double *steps,            \
                                             const Geometry *at, double *values) {                                   \
        linear(box, starts, steps, Geometry(*at), values);                                                           \
    }

NEAREST(8, unsigned char)
NEAREST(16, unsigned short)
NEAREST(32, unsigned)
NEAREST(64, Natural)
FOR_READ(LINEAR)
CUBIC(cubic, 4)
CUBIC(cubic_flat, 1)

#undef CUBIC
#undef NEAREST
#undef LINEAR
