// What all kernels know: numbers of 64 bits, and the memory of a block.
#pragma once

typedef long long Int;
typedef unsigned long long Natural;

#ifdef __CUDACC__  // the tests compile for the host too, where threads are the system's
extern __shared__ Natural shared_words[];
__device__ inline void *shared_memory() { return shared_words; }

// Before a loop: it stays one, where its turns side by side would take too many registers.
#define ROLLED _Pragma("unroll 1")

// What is there now, while other threads may write.
template <class T> __device__ T look(const T *place) { return *(const volatile T *)place; }
#endif
