// One pass over the box of a region, as the CPU's scan: the codes of its cubes, the ends of its lines, its moments.
#include "common.cuh"

const int CODES = 256;
const int MOMENTS = 10;  // voxels; z, y, x; zz, yy, xx, zy, zx, yx
const int PARTS = 8;     // in which the moments of a block's threads are added up, at the same time

// What comes out of a box: by code how many cubes there are and the sums of their z, y, x; the moments.
struct Tally {
    Natural cubes[CODES], places[CODES][3], moments[MOMENTS];
};

// The cubes that a block counts for itself, z from that of its first place on: so few that 32 bits hold their sums.
struct Cubes {
    unsigned cubes[CODES], places[CODES][3];

    __device__ void clear() {
        for (int code = threadIdx.x; code < CODES; code += blockDim.x)
            cubes[code] = places[code][0] = places[code][1] = places[code][2] = 0;
    }
    __device__ void take(int code, int z, int y, int x) {
        atomicAdd(cubes + code, 1u);
        atomicAdd(places[code], (unsigned)z);
        atomicAdd(places[code] + 1, (unsigned)y);
        atomicAdd(places[code] + 2, (unsigned)x);
    }
    __device__ void add_to(Tally *tally, int first_z) const {
        for (int code = threadIdx.x; code < CODES; code += blockDim.x) {
            Natural count = cubes[code];
            if (!count) continue;
            atomicAdd(tally->cubes + code, count);
            atomicAdd(tally->places[code], places[code][0] + count * first_z);
            atomicAdd(tally->places[code] + 1, (Natural)places[code][1]);
            atomicAdd(tally->places[code] + 2, (Natural)places[code][2]);
        }
    }
};

// Of the voxels that a thread meets. `all` has room for those of every thread of its block.
struct Moments {
    Natural sums[MOMENTS];

    __device__ void take(Natural z, Natural y, Natural x) {
        sums[0]++;
        sums[1] += z, sums[2] += y, sums[3] += x;
        sums[4] += z * z, sums[5] += y * y, sums[6] += x * x;
        sums[7] += z * y, sums[8] += z * x, sums[9] += y * x;
    }
    __device__ void share(Natural *all) const {
        for (int k = 0; k < MOMENTS; k++) all[k * blockDim.x + threadIdx.x] = sums[k];
    }
};

__device__ inline void add_moments(const Natural *all, Tally *tally) {
    for (int k = threadIdx.x; k < MOMENTS * PARTS; k += blockDim.x) {
        const Natural *of_threads = all + k / PARTS * blockDim.x;
        Natural sum = 0;
        for (int thread = k % PARTS; thread < (int)blockDim.x; thread += PARTS) sum += of_threads[thread];
        if (sum) atomicAdd(tally->moments + k / PARTS, sum);
    }
}

// The ends of lines (side, plane, line), sides 0 and 1 one after the other. They begin as 0: of a first place is kept by
// how much it is less than the highest number, of a last one the place and 1, so that the largest is kept of both.
struct Ends {
    int *first;
    Int lines, sides;  // lines of a plane, of a side

    __device__ void widen(int plane, int line, int place) const {
        int *here = first + plane * lines + line;
        atomicMax(here, 0x7fffffff - place);
        atomicMax(here + sides, place + 1);
    }
};

// An edge of a cube from its first corner, crossed by the surface at this vertex, in half voxels.
__device__ inline void add_vertex(const Ends &along_x, const Ends &along_y, int z, int y, int x) {
    along_x.widen(z, y, x);
    along_y.widen(z, x, y);
}

__device__ inline int code_of(const signed char *at, Int width, Int plane) {
    int code = 0;
    for (int corner = 0; corner < 8; corner++)
        code |= at[(corner >> 2) * plane + (corner >> 1 & 1) * width + (corner & 1)] << corner;
    return code;
}

// A block takes a tile of the places; each is the first corner of a cube. Rows and planes end in the region's outside,
// so that the cubes that lead from one to the next have code 0; the last place has all its corners in the box.
extern "C" __global__ void scan_surface(const signed char *box, Int depth, Int height, Int width, Int tile,
                                        Tally *tally, int *along_x, int *along_y) {
    Cubes &mine = *(Cubes *)shared_memory();
    Natural *all = (Natural *)(&mine + 1);
    mine.clear();
    __syncthreads();
    const Ends lines_x = {along_x, 2 * height, 4 * depth * height}, lines_y = {along_y, 2 * width, 4 * depth * width};
    Int plane = height * width, places = (depth - 1) * plane - width - 1;
    Int first = blockIdx.x * tile, last = first + tile < places ? first + tile : places;
    int first_z = (int)(first / plane);
    Moments moments = {};
    for (Int place = first + threadIdx.x; place < last; place += blockDim.x) {
        int code = code_of(box + place, width, plane);
        if (!code) continue;
        Int row = place / width;
        int x = (int)(place - row * width), z = (int)(row / height), y = (int)(row % height);
        if (code & 1) moments.take(z, y, x);
        if (code == CODES - 1) continue;
        mine.take(code, z - first_z, y, x);
        if ((code ^ code >> 1) & 1) add_vertex(lines_x, lines_y, 2 * z, 2 * y, 2 * x + 1);
        if ((code ^ code >> 2) & 1) add_vertex(lines_x, lines_y, 2 * z, 2 * y + 1, 2 * x);
        if ((code ^ code >> 4) & 1) add_vertex(lines_x, lines_y, 2 * z + 1, 2 * y, 2 * x);
    }
    moments.share(all);
    __syncthreads();
    mine.add_to(tally, first_z);
    add_moments(all, tally);
}
