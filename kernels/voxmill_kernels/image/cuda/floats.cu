// Numbers of single precision in double, and the other way; those in double as whole ones.
#include "floats.cuh"
#include "places.cuh"
#include "types.cuh"

extern "C" __global__ void widen(const float *values, double *made, Int count) {
    for (Int place = first_place(); place < count; place = next_place(place)) made[place] = in_double(values[place]);
}

extern "C" __global__ void narrow(const double *values, float *made, Int count) {
    for (Int place = first_place(); place < count; place = next_place(place)) made[place] = in_single(values[place]);
}

// Cut off towards zero, or rounded, halves away from zero; beyond the limits of the type, these.
template <class Whole> __device__ void to_whole(const double *values, Whole *made, Int count, bool rounded) {
    const Natural bits = ~(Natural)0 >> (64 - 8 * sizeof(Whole));
    const bool with_sign = (Whole)-1 < (Whole)1;
    const Whole most = (Whole)(with_sign ? bits >> 1 : bits), least = (Whole)(with_sign ? -most - 1 : 0);
    for (Int place = first_place(); place < count; place = next_place(place)) {
        double value = values[place];
        if (rounded) value = trunc(value + copysign(0.5, value));
        made[place] = value <= (double)least ? least : value >= (double)most ? most : (Whole)value;
    }
}

#define TO_WHOLE(Whole, type)                                                                                        \
    extern "C" __global__ void to_whole_##type(const double *values, Whole *made, Int count, Int rounded) {          \
        to_whole(values, made, count, rounded != 0);                                                                 \
    }

FOR_WHOLE(TO_WHOLE)

#undef TO_WHOLE
