// Values of an image between its voxels, bit for bit the CPU's: some threads for a line of the output.
#include "floats.cuh"
#include "places.cuh"
#include "types.cuh"

const int THREADS = 256;  // of a block, at most

// `width` voxels of each line from the one that is `first` of `length`, which so many threads as it has lanes share;
// where the box (depth, rows, columns) starts in the image, and the shape of that. Axes are z, y, x.
struct Geometry {
    int lines, length, first, width, lanes;
    int start[3], shape[3], rows, columns;

    __device__ Int count() const { return (Int)lines * lanes; }
    __device__ bool holds(int axis, double position) const {
        return position >= -0.5 && position < (double)shape[axis] - 0.5;
    }
};

// Where a line begins in the image, and how far it is from there to its end.
struct Line {
    const double *start, *step;

    __device__ double position(int axis, double way) const { return start[axis] + way * step[axis]; }
    __device__ bool crosses() const { return step[0] != 0.0 || step[1] != 0.0; }
};

// The values of all lines. `Rows` is what of the box bears on voxels at some z and y: of a line along x it is the same
// from end to end.
template <class Rows>
__device__ inline void sample(const typename Rows::Voxel *box, const double *starts, const double *steps,
                              const Geometry &at, typename Rows::Value *values) {
    for (Int place = first_place(); place < at.count(); place = next_place(place)) {
        Int number = quotient(place, at.lanes);
        Line line = {starts + 3 * number, steps + 3 * number};
        Rows rows;
        bool found = false;
        for (int n = (int)(place - number * at.lanes); n < at.width; n += at.lanes) {
            double way = (double)(at.first + n) / (double)at.length, x = line.position(2, way);
            if (!found) rows.find(box, line, way, at), found = !line.crosses();
            values[number * at.width + n] = rows.inside && at.holds(2, x) ? rows.value(x, at) : 0;
        }
    }
}

// To the nearest whole number, halves up.
__device__ inline int rounded(double position) { return (int)rint(2.0 * position + 0.5) >> 1; }

template <class Bits> struct Nearest {
    typedef Bits Voxel;
    typedef Bits Value;
    const Bits *row;
    bool inside;

    __device__ void find(const Bits *box, const Line &line, double way, const Geometry &at) {
        double z = line.position(0, way), y = line.position(1, way);
        inside = at.holds(0, z) && at.holds(1, y), row = box;
        if (inside) row += ((Int)(rounded(z) - at.start[0]) * at.rows + rounded(y) - at.start[1]) * at.columns;
    }
    __device__ Bits value(double x, const Geometry &at) const { return row[rounded(x) - at.start[2]]; }
};

// Without a look at what follows where there is no way to it: it could be infinite.
__device__ inline double between(double before, double after, double way) {
    return way > 0.0 ? before + (after - before) * way : before;
}

// Along an axis: the voxel before a position, in the box; how far the next is, if that bears on it; the way there.
struct Pair {
    int voxel, next;
    double way;
};

__device__ inline Pair pair(int axis, double position, const Geometry &at) {
    int voxel = (int)position;  // half a voxel before the first that is the first
    bool after = position > (double)voxel && voxel + 1 < at.shape[axis];
    return {voxel - at.start[axis], after, after ? position - (double)voxel : 0.0};
}

// Four rows: in a slice and the next, each and the one after it.
template <class Number> struct Linear {
    typedef Number Voxel;
    typedef double Value;
    const Number *rows[4];
    double way_z, way_y;
    bool inside;

    __device__ void find(const Number *box, const Line &line, double way, const Geometry &at) {
        double z_position = line.position(0, way), y_position = line.position(1, way);
        inside = at.holds(0, z_position) && at.holds(1, y_position);
        if (!inside) return;
        Pair z = pair(0, z_position, at), y = pair(1, y_position, at);
        way_z = z.way, way_y = y.way;
        for (int i = 0; i < 4; i++)
            rows[i] = box + ((Int)(z.voxel + i / 2 * z.next) * at.rows + y.voxel + i % 2 * y.next) * at.columns;
    }
    __device__ double value(double position, const Geometry &at) const {
        Pair x = pair(2, position, at);
        double found[4];
        for (int i = 0; i < 4; i++)
            found[i] = between(in_double(rows[i][x.voxel]), in_double(rows[i][x.voxel + x.next]), x.way);
        return between(between(found[0], found[1], way_y), between(found[2], found[3], way_y), way_z);
    }
};

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

// The weights of the four, and where they are in the box along an axis, for each thread in its block's memory: so it
// needs fewer registers.
template <int axis> struct Kept {
    template <class Number> __device__ Number &slot(int k) const {
        return ((Number *)shared_memory())[(8 * axis + k) * THREADS + threadIdx.x];
    }
    __device__ double &weight(int k) const { return slot<double>(k); }
    __device__ Int &place(int k) const { return slot<Int>(4 + k); }

    __device__ void find(double position, Int stride, const Geometry &at) const {
        Four found(position);
        for (int k = 0; k < 4; k++) {
            int voxel = mirrored(found.first + k, at.shape[axis]) - at.start[axis];
            weight(k) = found.weights[k], place(k) = voxel * stride;
        }
    }
};

// `slices` is 1 where there is no z, else 4.
template <int slices> struct Cubic {
    typedef double Voxel;
    typedef double Value;
    const double *box;
    Kept<0> z;
    Kept<1> y;
    bool inside;

    __device__ void find(const double *voxels, const Line &line, double way, const Geometry &at) {
        double z_position = line.position(0, way), y_position = line.position(1, way);
        inside = at.holds(0, z_position) && at.holds(1, y_position), box = voxels;
        if (inside) z.find(z_position, (Int)at.rows * at.columns, at), y.find(y_position, at.columns, at);
    }
    __device__ double value(double position, const Geometry &at) const {
        Four x(position);
        double total = 0.0;
        const double *columns[4];
        for (int i = 0; i < 4; i++) columns[i] = box + (mirrored(x.first + i, at.shape[2]) - at.start[2]);
        ROLLED for (int k = 0; k < slices; k++) {
            Int slice = z.place(k);
            double depth = slices == 1 ? 1.0 : z.weight(k);
            ROLLED for (int j = 0; j < 4; j++) {
                Int row = slice + y.place(j);
                double height = y.weight(j);
                for (int i = 0; i < 4; i++) total += x.weights[i] * height * depth * columns[i][row];
            }
        }
        return total;
    }
};

// A thread has numbers of the geometry to itself: what lies in memory is read again after whatever is written there.
#define NEAREST(bits, Voxel)                                                                                         \
    extern "C" __global__ void nearest##bits(const Voxel *box, const double *starts, const double *steps,            \
                                             const Geometry *at, Voxel *values) {                                    \
        sample<Nearest<Voxel>>(box, starts, steps, Geometry(*at), values);                                           \
    }
#define CUBIC(name, slices)                                                                                          \
    extern "C" __global__ void __launch_bounds__(THREADS, 4)                                                         \
        name(const double *box, const double *starts, const double *steps, const Geometry *at, double *values) {     \
        sample<Cubic<slices>>(box, starts, steps, *at, values);                                                      \
    }
#define LINEAR(Voxel, type)                                                                                          \
    extern "C" __global__ void linear_##type(const Voxel *box, const double *starts, const double *steps,            \
                                             const Geometry *at, double *values) {                                   \
        sample<Linear<Voxel>>(box, starts, steps, Geometry(*at), values);                                            \
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
