// The recursive filter of cubic B-splines along an axis of a box, in place, bit for bit the CPU's for ITK.
#include "lines.cuh"

const int ROWS = 32;   // voxels of a line that a block holds at a time
const int LINES = 64;  // lines that it works on

// A window from `start` to before `stop` of lines that begin, and end, with the image or in the middle of it. There,
// what came before lies between -causal and causal, what follows between -anticausal and anticausal. `far` is the pole
// to the power of length - 1; so many voxels as the horizon has are summed for the beginning of a line that has more.
struct Pass {
    Int lines, length, inner, start, stop;
    bool begins, ends;
    int horizon;
    double pole, far, causal, anticausal;

    __device__ double gain() const { return (1.0 - pole) * (1.0 - 1.0 / pole); }
};

// What a block holds: of each line where it begins, the last value that was made, what it would be from the other end
// of what can have arrived there, and the value before the last of the line; and some voxels.
struct Held {
    Int *starts;
    double *last, *other, *before, *voxels;

    __device__ Held()
        : starts((Int *)shared_memory()), last((double *)(starts + LINES)), other(last + LINES), before(other + LINES),
          voxels(before + LINES) {}
};

// The first value where a line goes on before its beginning as its mirror image; `row` are its first voxels.
__device__ inline double beginning(const double *row, int stride, const Pass &pass) {
    double sum = row[0], power = pass.pole, back = pass.far;
    if (pass.length > pass.horizon) {
        for (int n = 1; n < pass.horizon; n++, power *= pass.pole) sum += power * row[n * stride];
        return sum;
    }
    sum += back * row[(pass.length - 1) * stride];
    back *= back * (1.0 / pass.pole);
    for (int n = 1; n < pass.length - 1; n++, power *= pass.pole, back *= 1.0 / pass.pole)
        sum += (power + back) * row[n * stride];
    return sum / (1.0 - power * power);
}

// There: a line's rows from `first` on. Gives whether both ends led to the same, where that is to be seen.
__device__ inline bool run_there(const Held &held, const Strip &strip, int lane, Int first, const Pass &pass) {
    bool same = true;
    double last = held.last[lane], other = held.other[lane];
    for (int row = 0; row < strip.rows; row++) {
        Int n = first + row;
        double &voxel = held.voxels[strip.place({row, lane})];
        if (n == pass.length - 1) held.before[lane] = last;
        if (n == 0) {
            last = pass.begins ? beginning(&voxel, strip.lanes + 1, pass) : pass.causal, other = -pass.causal;
        } else {
            other = voxel + pass.pole * other, last = voxel + pass.pole * last;
        }
        voxel = last;
        if (n == pass.start && !pass.begins) same = last == other;
    }
    held.last[lane] = last, held.other[lane] = other;
    return same;
}

// And back, as far as the window reaches.
__device__ inline bool run_back(const Held &held, const Strip &strip, int lane, Int first, const Pass &pass) {
    bool same = true;
    double last = held.last[lane], other = held.other[lane], pole = pass.pole;
    for (int row = strip.rows - 1; row >= 0 && first + row >= pass.start; row--) {
        Int n = first + row;
        double &voxel = held.voxels[strip.place({row, lane})];
        if (n < pass.length - 1) {
            other = pole * (other - voxel), last = pole * (last - voxel);
        } else if (pass.ends) {
            last = pole / (pole * pole - 1.0) * (pole * held.before[lane] + voxel);
        } else {
            last = pass.anticausal, other = -pass.anticausal;
        }
        voxel = last;
        if (n == pass.stop - 1 && !pass.ends) same = last == other;
    }
    held.last[lane] = last, held.other[lane] = other;
    return same;
}

// Rows from `first` on: what the box has of them, times a factor, comes here; or goes back there.
template <bool here>
__device__ inline void move(double *box, const Held &held, const Strip &strip, Int first, Int inner, double factor) {
    for (int item = threadIdx.x; item < strip.size(); item += blockDim.x) {
        Spot spot = strip.spot(item);
        double &there = box[held.starts[spot.lane] + (first + spot.row) * inner];
        double &voxel = held.voxels[strip.place(spot)];
        if (here)
            voxel = there * factor;
        else
            there = voxel;
    }
    __syncthreads();
}

template <bool back>
__device__ inline void run(double *box, const Held &held, int lanes, Int first, const Pass &pass, int *open) {
    Strip strip = {(int)smaller(ROWS, pass.length - first), lanes, pass.inner == 1};
    move<true>(box, held, strip, first, pass.inner, back ? 1.0 : pass.gain());
    for (int lane = threadIdx.x; lane < lanes; lane += blockDim.x) {
        bool same = back ? run_back(held, strip, lane, first, pass) : run_there(held, strip, lane, first, pass);
        if (!same) atomicExch(open, 1);
    }
    __syncthreads();
    move<false>(box, held, strip, first, pass.inner, 1.0);
}

// A block for some lines. `open` becomes 1 where it is not certain that whole lines would have the same in the window.
__device__ void filter(double *box, int *open, const Pass &pass) {
    Held held;
    Int line = (Int)blockIdx.x * LINES;
    Lines lines = {line, pass.inner, (int)smaller(LINES, pass.lines - line)};
    for (int lane = threadIdx.x; lane < lines.lanes; lane += blockDim.x)
        held.starts[lane] = lines.start(lane, pass.length), held.last[lane] = held.other[lane] = 0.0;
    __syncthreads();
    for (Int first = 0; first < pass.length; first += ROWS) run<false>(box, held, lines.lanes, first, pass, open);
    Int end = (pass.length - 1) / ROWS * ROWS;
    for (Int first = end; first + ROWS > pass.start && first >= 0; first -= ROWS)
        run<true>(box, held, lines.lanes, first, pass, open);
}

// `borders`: 1 where lines begin with the image, and 2 more where they end with it.
extern "C" __global__ void filter_spline(double *box, int *open, Int lines, Int length, Int inner, Int start, Int stop,
                                         Int borders, Int horizon, double pole, double far, double causal,
                                         double anticausal) {
    filter(box, open, {lines, length, inner, start, stop, (borders & 1) != 0, (borders & 2) != 0, (int)horizon, pole, far,
                       causal, anticausal});
}
