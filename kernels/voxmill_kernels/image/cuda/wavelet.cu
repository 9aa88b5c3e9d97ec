// One pass of an undecimated wavelet transform, bit for bit the CPU's.
#include "floats.cuh"
#include "places.cuh"

// What is made: `count` sums, `size` of them along the axis, neighbours there `step` apart; the box is longer by all
// taps but one. The last n taps to reach the end of the image, n = beyond, come first, from the n-th down.
template <class Number>
__device__ void convolve(const Number *box, const Number *taps, Number *made, Int count, Int step, Int size, Int length,
                         Int inner) {
    for (Int place = first_place(); place < count; place = next_place(place)) {
        Int row = quotient(place, step), line = quotient(row, size), beyond = row - line * size - inner + 1;
        const Number *last = box + place + (line + 1) * (length - 1) * step;
        Number total = 0;
        for (Int tap = beyond - 1; tap >= 0; tap--) total = sum(total, product(taps[tap], last[-tap * step]));
        for (Int tap = beyond > 0 ? beyond : 0; tap < length; tap++) total = sum(total, product(taps[tap], last[-tap * step]));
        made[place] = total;
    }
}

#define KERNEL(Number, bits)                                                                                         \
    extern "C" __global__ void convolve##bits(const Number *box, const Number *taps, Number *made, Int count,        \
                                              Int step, Int size, Int length, Int inner) {                           \
        convolve(box, taps, made, count, step, size, length, inner);                                                 \
    }

KERNEL(float, 32)
KERNEL(double, 64)

#undef KERNEL
