// CUDA C++ on the host: a thread of the system for each thread of the device, barriers for those of a block, atomics.
// Threads of many blocks are there before any of them ends, so that a sanitizer sees what blocks do to each other too.
#pragma once
#include <atomic>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __launch_bounds__(...)
#define ROLLED

struct Index {
    unsigned x;
};
struct Block {
    std::barrier<> barrier;
    std::vector<uint64_t> shared;
    Block(unsigned threads, std::vector<uint64_t> memory) : barrier(threads), shared(std::move(memory)) {}
};
inline thread_local Index threadIdx, blockIdx, blockDim, gridDim;
inline thread_local Block *block;

inline void *shared_memory() { return block->shared.data(); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline double __fma_rn(double one, double other, double summand) { return std::fma(one, other, summand); }

// Flaws, by name in the environment, that a sanitizer has to find.
inline const bool with_barriers = !std::getenv("WITHOUT_BARRIERS"), with_atomics = !std::getenv("WITHOUT_ATOMICS");

// What is in shared memory before anything is written there; without barriers it may be read, and must not lead astray.
inline const uint64_t LEFT_OVER = with_barriers ? 0xc5c5c5c5c5c5c5c5 : 0;

inline void __syncthreads() {
    if (with_barriers) block->barrier.arrive_and_wait();
}

// Lets other threads go first, now and then, where they could be faster: what comes of that is rare otherwise.
inline const bool giving_way = std::getenv("GIVING_WAY");
inline thread_local unsigned turn = 0;

inline void give_way() {
    if (giving_way && (turn = turn * 1664525 + 1013904223 + threadIdx.x) >> 30 == 0) std::this_thread::yield();
}

template <class T> T look(const T *place) {
    give_way();
    return std::atomic_ref<T>(*const_cast<T *>(place)).load(std::memory_order_relaxed);
}

// What `change` makes of a number takes its place; gives what was there.
template <class T, class Change> T exchange(T *place, Change change) {
    give_way();
    if (!with_atomics) return std::exchange(*place, change(*place));
    std::atomic_ref<T> number(*place);
    T old = number.load(std::memory_order_relaxed);
    while (!number.compare_exchange_weak(old, change(old), std::memory_order_relaxed)) {}
    return old;
}
template <class T> T atomicAdd(T *place, T value) {
    return exchange(place, [=](T old) { return old + value; });
}
template <class T> T atomicMin(T *place, T value) {
    return exchange(place, [=](T old) { return old < value ? old : value; });
}
template <class T> T atomicMax(T *place, T value) {
    return exchange(place, [=](T old) { return old > value ? old : value; });
}
template <class T> T atomicOr(T *place, T value) {
    return exchange(place, [=](T old) { return old | value; });
}
template <class T> T atomicExch(T *place, T value) {
    return exchange(place, [=](T) { return value; });
}

// Blocks run some at a time: a system has fewer threads than a device.
const unsigned AT_A_TIME = 32;

template <class Kernel> void launch(unsigned blocks, unsigned threads, size_t shared, Kernel kernel) {
    for (unsigned first = 0; first < blocks; first += AT_A_TIME) {
        std::deque<Block> here;
        std::vector<std::thread> running;
        for (unsigned b = first; b < blocks && b < first + AT_A_TIME; b++) {
            Block *its = &here.emplace_back(threads, std::vector<uint64_t>((shared + 7) / 8, LEFT_OVER));
            for (unsigned t = 0; t < threads; t++)
                running.emplace_back([=] {
                    block = its, threadIdx = {t}, blockIdx = {b}, blockDim = {threads}, gridDim = {blocks};
                    kernel();
                });
        }
        for (auto &thread : running) thread.join();
    }
}
