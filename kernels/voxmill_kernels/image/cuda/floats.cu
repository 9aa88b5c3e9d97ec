// Numbers of single precision in double, and the other way.
#include "floats.cuh"
#include "places.cuh"

extern "C" __global__ void widen(const float *values, double *made, Int count) {
    for (Int place = first_place(); place < count; place = next_place(place)) made[place] = in_double(values[place]);
}

extern "C" __global__ void narrow(const double *values, float *made, Int count) {
    for (Int place = first_place(); place < count; place = next_place(place)) made[place] = in_single(values[place]);
}
