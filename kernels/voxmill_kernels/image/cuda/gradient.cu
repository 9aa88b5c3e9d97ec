// Length of the gradient by central differences, bit for bit the CPU's.
#include "floats.cuh"
#include "places.cuh"

// The difference of two neighbours by how far they lie from each other.
__device__ inline double slope(double factor, const double *place, Int step) {
    return factor * place[step] - factor * place[-step];
}

// What is made has rows of `width` voxels, `height` of them in a plane; the box holds one voxel more at either end.
extern "C" __global__ void gradient(const double *box, float *made, Int count, Int height, Int width, double up,
                                    double along, double across) {
    Int row = width + 2, plane = (height + 2) * row;
    for (Int place = first_place(); place < count; place = next_place(place)) {
        Int line = quotient(place, width), z = quotient(line, height);
        const double *here = box + (z + 1) * plane + (line - z * height + 1) * row + place - line * width + 1;
        double dx = slope(across, here, 1), dy = slope(along, here, row), dz = slope(up, here, plane);
        made[place] = in_single(sqrt(dx * dx + dy * dy + dz * dz));
    }
}
