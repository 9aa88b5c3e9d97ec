"""What images take of a device's memory is known before they are made, and they are made in parts that fit."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba.core.event import install_recorder
from numpy.typing import DTypeLike

import voxmill as vm
from cuda_host import HostDevice, HostMemory, HostProcess, registered
from image_cases import noise, volumes, windows
from voxmill import fitting
from voxmill.computing import RoomError, Workplace
from voxmill.execute import Plan, derive, execute, keep, plan_of
from voxmill.fitting import Wanted, bytes_there, in_turn_there
from voxmill.grid import Grid
from voxmill.operators.crop import Crop
from voxmill.operators.gradient import Gradient
from voxmill.operators.lattice import region_grid
from voxmill.operators.lbp import Lbp2d, lbp3d_images
from voxmill.operators.log import Laplacian
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import Operator
from voxmill.operators.pointwise import Exponential, Logarithm, Square, SquareRoot
from voxmill.operators.resample import Coefficients, resampling
from voxmill.operators.scale import Scale
from voxmill.operators.wavelet import bands
from voxmill.steps import Resample
from voxmill.volume import Source
from voxmill.voxels import images_of
from voxmill_kernels.array import to_host
from voxmill_kernels.types import Array

SHAPE = (25, 30, 40)
SPACING = (0.7, 0.8, 2.5)
INNER = vm.Window((3, 4, 5), (22, 25, 33))
ENOUGH = 1 << 40
Chains = Callable[[Source], Iterable[Sequence[Operator]]]
"""What makes the images of one."""


def resampled(interpolator: str, source: Source) -> list[Sequence[Operator]]:
    finer = Grid.from_spacing(SHAPE, (0.6, 0.9, 1.5))
    return [resampling(Resample(spacing_mm=(1, 1, 1), interpolator=interpolator), source.dtype, finer)]


def wavelets(source: Source) -> Iterable[Sequence[Operator]]:
    return bands("coif1", shape=source.grid.shape, levels=2).values()


CHAINS: dict[str, Chains] = {
    "pointwise": lambda _: [[Square()], [SquareRoot()], [Logarithm()], [Exponential()]],
    "scaled": lambda _: [[Scale(1.7)], [Normalise(scale=100, outliers=1.5)]],
    "gradient": lambda _: [[Gradient()]],
    "log": lambda _: [[Laplacian(1.5)], [Laplacian(2.5)]],
    "wavelet": wavelets,
    "cropped": lambda _: [[Crop(INNER), Scale(2)], [Crop(INNER)]],
    "here": lambda _: [[Lbp2d()], *lbp3d_images(levels=1, radius=1, subdivision=0).values(), [Lbp2d(), Scale(3)]],
    **{name: partial(resampled, name) for name in ("nearest", "linear", "bspline")},
}
chains = pytest.mark.parametrize("chains", CHAINS.values(), ids=CHAINS)
types = pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])


def image(dtype: DTypeLike = np.int16) -> vm.Volume:
    return vm.Volume(noise(3, SHAPE, dtype), spacing=SPACING)


def wanted_of(source: Source, operators: Iterable[Sequence[Operator]], window: vm.Window) -> Wanted:
    """A window of each image."""
    made = [derive(source, *chain) for chain in operators]
    return [(one, window.clip(one.grid.shape)) for one in made]


def taken(process: HostProcess, planned: Plan, source: Source) -> int:
    """How many bytes of a device it takes to make all boxes, each put in order and forgotten before the next.

    That is seen when nothing is compiled meanwhile: a compiler holds what it was given.
    """
    memory = HostMemory(ENOUGH)
    with registered(HostDevice(process, memory=memory)) as device, install_recorder("numba:compile") as compiled:
        boxes = execute(planned, source, device)
        for _ in planned:
            next(boxes).reshape(-1)
    return taken(process, planned, source) if compiled.buffer else memory.most


@chains
@types
def test_it_takes_no_more_than_was_foreseen_and_not_much_less(
    plain: HostProcess, chains: Chains, dtype: DTypeLike
) -> None:
    source = image(dtype)
    for operators in ([one] for one in chains(source)):
        for window in (INNER, vm.Window.whole(SHAPE)):
            planned, _ = plan_of(wanted_of(source, operators, window))
            most = taken(plain, planned, source)
            foreseen = bytes_there(planned, source)
            assert most <= foreseen <= 2.5 * most
    planned, _ = plan_of(wanted_of(source, chains(source), INNER))
    assert taken(plain, planned, source) <= bytes_there(planned, source)


def test_coefficients_hold_no_more_than_their_window(plain: HostProcess) -> None:
    """Though their halo is larger: what lies beside them is not held with them."""
    source, window = vm.Volume(noise(3, (200, 6, 7), np.int16), spacing=(1, 1, 1)), vm.Window((90, 0, 0), (99, 6, 7))
    memory = HostMemory(ENOUGH)
    with registered(HostDevice(plain, memory=memory)) as device:
        box = next(execute(*plan_of([(derive(source, Coefficients()), window)]), device))
        assert memory.taken == box.nbytes == 8 * window.size


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_window_takes_more_than_was_foreseen(plain: HostProcess, data: st.DataObject) -> None:
    source = data.draw(volumes(st.integers(8, 24)))
    some = [*wavelets(source), [Laplacian(1)], [Gradient()], [SquareRoot()], *resampled("bspline", source)]
    wanted = [
        (made, data.draw(windows(made.grid.shape)))
        for made in (derive(source, *data.draw(st.sampled_from(some))) for _ in range(3))
    ]
    planned, _ = plan_of(wanted)
    assert taken(plain, planned, source) <= bytes_there(planned, source)


def test_what_is_kept_there_is_not_counted_again() -> None:
    source, whole = image(), vm.Window.whole(SHAPE)
    made = derive(source, Scale(2))
    with registered(HostDevice()) as device:
        kept = keep([(source, whole)], device, ENOUGH)
        assert kept is not None
        apart, shared = (bytes_there(*plan_of([(one, whole)])) for one in (made, kept.below(made)))
    assert apart - shared == source.array.nbytes


@pytest.mark.parametrize("share, least, most", [(2.1, 1, 1), (1.6, 2, 8), (0.7, 20, 200)])
def test_what_does_not_fit_is_made_in_parts(
    plain: HostProcess, monkeypatch: pytest.MonkeyPatch, share: float, least: int, most: int
) -> None:
    """All at once; fewer at a time; in slabs: the same bytes, in a memory of which half is for images."""
    source, whole, reads = image(), vm.Window.whole(SHAPE), list[vm.Window]()
    wanted = wanted_of(source, [*CHAINS["wavelet"](source), *CHAINS["log"](source)], whole)
    expected = [made.read(window).tobytes() for made, window in wanted]
    memory = HostMemory(int(share * bytes_there(*plan_of(wanted))))
    read = vm.Volume.read

    def noted(volume: vm.Volume, window: vm.Window) -> Array:
        reads.append(window)
        return read(volume, window)

    monkeypatch.setattr(vm.Volume, "read", noted)
    with registered(HostDevice(plain, memory=memory)) as device:
        turn = in_turn_there("filters", wanted, Workplace(device), device)
        assert [to_host(turn()).tobytes() for _ in wanted] == expected
    assert least <= len(reads) <= most


@pytest.mark.parametrize("share", [0.9, 0.8, 0.7, 0.6, 0.5])
def test_slabs_take_no_more_than_there_is_room_for(plain: HostProcess, share: float) -> None:
    """None is held while the next is made."""
    source, whole = vm.Volume(noise(3, (64, 20, 21), np.int16), spacing=(1, 1, 1)), vm.Window.whole((64, 20, 21))
    wanted = wanted_of(source, [[SquareRoot()]], whole)
    room = int(share * bytes_there(*plan_of(wanted)))
    memory = HostMemory(2 * room)
    with registered(HostDevice(plain, memory=memory)) as device:
        in_turn_there("filters", wanted, Workplace(device), device)()
    assert memory.most <= room


def test_what_fits_nowhere_is_said() -> None:
    wanted = wanted_of(image(), [[Laplacian(1.5)]], INNER)
    with registered(HostDevice(memory=HostMemory(100_000))) as device, pytest.raises(RoomError) as raised:
        in_turn_there("filters", wanted, Workplace(device), device)()
    assert str(raised.value).startswith("the memory of the GPU was too small: 0.")


def test_what_takes_all_of_the_room_is_made_where_there_is_memory(plain: HostProcess) -> None:
    """A plane has no slabs."""
    source, whole = vm.Volume(noise(3, (1, 40, 50), np.int16), spacing=(1, 1, 1)), vm.Window.whole((1, 40, 50))
    wanted = wanted_of(source, [[SquareRoot()]], whole)
    memory = HostMemory(int(1.5 * bytes_there(*plan_of(wanted))))
    with registered(HostDevice(plain, memory=memory)) as device:
        turn = in_turn_there("filters", wanted, Workplace(device), device)
        assert to_host(turn()).tobytes() == wanted[0][0].read(whole).tobytes()


def test_no_slab_is_foreseen_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole is the first."""
    foreseen: list[vm.Window] = []
    find = fitting.bytes_there

    def noted(planned: Plan, source: Source) -> int:
        foreseen.extend(window for window, _ in planned)
        return find(planned, source)

    monkeypatch.setattr(fitting, "bytes_there", noted)
    window = vm.Window((3, 4, 5), (10, 25, 33))
    with registered(HostDevice(memory=HostMemory(100))) as device, pytest.raises(RoomError):
        in_turn_there("filters", wanted_of(image(), [[SquareRoot()]], window), Workplace(device), device)()
    assert [one.shape[0] for one in foreseen] == [7, *[4, 3], *[2, 2, 2, 1], *[1] * 7]


def test_threads_share_the_room() -> None:
    device = HostDevice(free=6 * 10**9)
    assert [Workplace(device, threads).room_for_images for threads in (1, 4)] == [3 * 10**9, 75 * 10**7]
    assert Workplace().room_for_images == 0


@pytest.mark.parametrize("interpolator", ["linear", "bspline"])
def test_six_gigabytes_are_enough_for_a_large_case(interpolator: str) -> None:
    """A region of ten million voxels, at 1 mm, in all images: by what is foreseen, many at a time."""
    scan = vm.Volume(np.zeros((300, 512, 512), dtype=np.int16), spacing=(0.8, 0.8, 1.5))
    step = Resample(spacing_mm=(1, 1, 1), interpolator=interpolator)
    box = vm.Window((50, 100, 100), (200, 400, 380))
    target = region_grid(step, scan.grid, scan.grid, box)
    region = derive(scan, *resampling(step, scan.dtype, target))
    whole = vm.Window.whole(target.shape)
    assert whole.size > 10**7
    wished = vm.Settings.parse({"images": {"original": {}, "log": {"sigma_mm": [1, 2, 3, 5]}, "wavelet": {}}})
    images = [one.image for one in images_of(region, wished)[0]]
    room = Workplace(HostDevice(free=6 * 10**9)).room_for_images
    assert bytes_there(*plan_of([(one, whole) for one in images])) < room
