// Grey levels of regions → an arena of boxes, each within its border of zeros.
#include "types.cuh"

// A region: its first voxel among those of all regions, where its places begin; where its box lies in the arena, sides
// with the border. The columns of arena.REGION.
struct Region {
    Int first, places, start, height, width;
};

// The last of the regions that begin at this voxel or before it.
__device__ inline const Region &region_of(Int voxel, const Region *regions, Int count) {
    Int low = 0;
    while (count > 1) {
        Int half = count / 2;
        if (regions[low + half].first <= voxel) low += half, count -= half;
        else count = half;
    }
    return regions[low];
}

// A place counts voxels of the box without its border.
template <class Level>
__device__ void place_levels(const Level *indices, Int voxels, const int *places, const Region *regions, Int count,
                             int border, Level *arena) {
    for (Int voxel = blockIdx.x * (Int)blockDim.x + threadIdx.x; voxel < voxels; voxel += gridDim.x * (Int)blockDim.x) {
        const Region &region = region_of(voxel, regions, count);
        int place = places[region.places + voxel - region.first];
        int height = (int)region.height - 2 * border, width = (int)region.width - 2 * border;
        int row = place / width, x = place % width, y = row % height, z = row / height;
        arena[region.start + ((z + border) * region.height + y + border) * region.width + x + border] = indices[voxel];
    }
}

#define KERNEL_OF(Level, bits)                                                                                       \
    extern "C" __global__ void place_levels##bits(const Level *indices, Int voxels, const int *places,               \
                                                  const Region *regions, Int count, Int border, Level *arena) {      \
        place_levels(indices, voxels, places, regions, count, (int)border, arena);                                   \
    }

FOR_LEVELS(KERNEL_OF)

#undef KERNEL_OF
