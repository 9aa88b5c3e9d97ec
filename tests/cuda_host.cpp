// Runs kernels that it is told of by its standard input, and answers with the buffers as they are then.
//
// A launch: name (32 bytes); blocks, threads, bytes of shared memory, number of arguments; then each argument: -1 and a
// number, or how many bytes a buffer has, and these. All numbers have 64 bits.
#include "cuda_host.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "kernels.hpp"  // which the tests write

using Arguments = std::vector<Int>;
using Launch = void (*)(unsigned, unsigned, size_t, const Arguments &);

template <class Type> Type argument(Int given) {
    if constexpr (std::is_same_v<Type, double>)
        return std::bit_cast<double>(given);
    else
        return (Type)given;
}

template <auto kernel> struct Call;
template <class... Types, void (*kernel)(Types...)> struct Call<kernel> {
    template <size_t... indices>
    static void spread(unsigned blocks, unsigned threads, size_t shared, const Arguments &given,
                       std::index_sequence<indices...>) {
        launch(blocks, threads, shared, [&] { kernel(argument<Types>(given[indices])...); });
    }
    static void run(unsigned blocks, unsigned threads, size_t shared, const Arguments &given) {
        if (given.size() != sizeof...(Types)) std::abort();
        spread(blocks, threads, shared, given, std::index_sequence_for<Types...>());
    }
};

#define KERNEL(module, name) {#name, Call<module::name>::run}
const std::map<std::string, Launch> launches = {ALL_KERNELS};

void read(void *to, size_t bytes) {
    if (std::fread(to, 1, bytes, stdin) != bytes) std::exit(2);
}

Int number() {
    Int value;
    read(&value, sizeof value);
    return value;
}

int main() {
    char name[33] = {};
    while (std::fread(name, 1, 32, stdin) == 32) {
        Int blocks = number(), threads = number(), shared = number(), count = number();
        Arguments arguments;
        std::vector<std::pair<void *, size_t>> buffers;
        for (Int k = 0; k < count; k++) {
            Int bytes = number();
            if (bytes < 0) {
                arguments.push_back(number());
                continue;
            }
            buffers.emplace_back(std::malloc(bytes), bytes);
            read(buffers.back().first, bytes);
            arguments.push_back((Int)buffers.back().first);
        }
        launches.at(name)(blocks, threads, shared, arguments);
        for (auto [buffer, bytes] : buffers) {
            std::fwrite(buffer, 1, bytes, stdout);
            std::free(buffer);
        }
        std::fflush(stdout);
    }
}
