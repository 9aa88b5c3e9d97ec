"""What is no store, or a damaged one: one sentence that names what is wrong and no folder above the store."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from image_cases import noise
from small_images import case
from stored import only_image, write_case
from voxmill.store import create_store, new_case, open_store, write_image, write_mask
from voxmill.store.layout import COMPRESSOR
from voxmill.store.shards import checksum


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_case(tmp_path / "store", *case())
    return tmp_path / "store"


def all_of(store: Path) -> None:
    """Read everything that a store has."""
    for one in open_store(store).cases:
        for image in one.images:
            image.load()
            for mask in image.masks:
                assert mask.layers


def refused(store: Path, said: str) -> None:
    with pytest.raises(vm.InputError, match=said) as caught:
        all_of(store)
    assert str(store.parent) not in str(caught.value)
    assert "\n" not in str(caught.value)


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the attributes of a group."""
    content = json.loads(path.read_text())
    change(content["attributes"])
    path.write_text(json.dumps(content))


def test_what_is_no_store(tmp_path: Path) -> None:
    refused(tmp_path / "none", "^none: there is no such store; check the path$")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", r"^folder: this is not a store \(no zarr.json in it\); give one that Voxmill wrote$")
    (tmp_path / "folder" / "zarr.json").write_text("{")
    refused(tmp_path / "folder", r"^folder: damaged in the store \(")
    (tmp_path / "folder" / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    refused(tmp_path / "folder", r"^folder: it was not written by Voxmill \(no format_version\); convert")


def test_part_of_a_store(store: Path) -> None:
    refused(store / "case", "^case: it is no store, but a 'case' of a store; give the folder of the store$")
    refused(store / "case" / "scan", "^scan: it is no store, but a 'image' of a store; give the folder of the store$")


@pytest.mark.parametrize("group", ["", "case", "case/scan", "case/scan/labels/labels-0"])
def test_a_newer_format(store: Path, group: str) -> None:
    changed(store / group / "zarr.json", lambda one: one["voxmill"].update(format_version=2))
    refused(
        store, r"it was written by a newer version of Voxmill \(format 2, this one reads up to 1\); update Voxmill$"
    )


def test_names_that_are_not_there(store: Path) -> None:
    with pytest.raises(vm.InputError, match=r"^store: the store has no case 'cas'; did you mean 'case'?"):
        open_store(store).case("cas")
    image = only_image(open_store(store))
    with pytest.raises(vm.InputError, match=r"^case: the case has no image 'x'; known: scan$"):
        open_store(store).case("case").image("x")
    with pytest.raises(vm.InputError, match=r"^scan: it has no mask 'x'; known: labels$"):
        image.mask("x")
    assert image.mask("labels").name == "labels"


@pytest.mark.parametrize(
    "attributes, said",
    [
        ({"affine": [[1, 0, 0, 0]] * 4}, "^scan: its attributes are damaged: "),
        ({"affine": [[0, 0, 0, 0]] * 3 + [[0, 0, 0, 1]]}, "^scan: its attributes are damaged: "),
        ({"affine": "no"}, r"^scan: its attributes are damaged \(affine: .*; found 'no'\); convert it again$"),
        ({"name": None}, r"^scan: its attributes are damaged \(name: "),
        ({"dimensions": 2}, "^scan: its attributes are damaged: "),
    ],
)
def test_damaged_attributes(store: Path, attributes: dict[str, Any], said: str) -> None:
    changed(store / "case/scan/zarr.json", lambda one: one["voxmill"].update(attributes))
    refused(store, said)


@pytest.mark.parametrize(
    "segment", [{"stop": [90, 11, 13]}, {"start": [8, 8, 8], "stop": [1, 1, 1]}, {"voxels": 10**9}, {"label": 70_000}]
)
def test_boxes_that_cannot_be(store: Path, segment: dict[str, Any]) -> None:
    changed(store / "case/scan/labels/labels-0/zarr.json", lambda one: one["voxmill"]["segments"][0].update(segment))
    refused(store, "^labels(-0)?: its attributes are damaged")


def test_a_chunk_with_a_turned_bit(store: Path) -> None:
    shard = store / "case/scan/0/c/0/0/0"
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 1
    shard.write_bytes(content)
    refused(store, r"^scan: damaged in the store \(a checksum is not that of what was read\); convert what it was made")


@pytest.mark.parametrize("kept, said", [(1, "shorter than it was"), (10, "shorter than it was"), (300, "a checksum")])
def test_a_truncated_shard(store: Path, kept: int, said: str) -> None:
    shard = store / "case/scan/0/c/0/0/0"
    shard.write_bytes(shard.read_bytes()[:kept])
    refused(store, rf"^scan: damaged in the store \(.*{said}")


@pytest.mark.parametrize(
    "entry, said",
    [
        ((0, 2**40), "a chunk is longer than it can be"),
        ((2**63, 2**63), "a chunk is longer than it can be"),
        ((2**40, 100), "a file is shorter than it was"),
        ((2**63, 100), "a file is shorter than it was"),
        ((0, 3), "a file is shorter than it was"),
        ((1, 100), "a checksum is not that of what was read"),
    ],
)
def test_an_index_that_leads_elsewhere(store: Path, entry: tuple[int, int], said: str) -> None:
    """Whatever an index says that has its checksum, nothing beyond the file is asked for."""
    shard = store / "case/scan/0/c/0/0/0"
    content = shard.read_bytes()
    index = np.array(entry, "<u8").tobytes()
    shard.write_bytes(content[:-20] + index + checksum(index))
    refused(store, rf"^scan: damaged in the store \({said}\); convert")


def test_a_chunk_that_is_longer_than_it_can_be(store: Path) -> None:
    """Refused before it is read, also where the file has all its bytes: of a sparse one they cost nothing."""
    shard, size = store / "case/scan/0/c/0/0/0", 2**24
    with shard.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        index = np.array((0, size), "<u8").tobytes()
        file.write(index + checksum(index))
    refused(store, r"^scan: damaged in the store \(a chunk is longer than it can be\); convert")


def test_a_chunk_of_another_size(store: Path) -> None:
    """Refused by what its header says, before it is decoded."""
    chunk = COMPRESSOR.encode(np.zeros(10**4, np.int16))
    data = chunk + checksum(chunk)
    index = np.array((0, len(data)), "<u8").tobytes()
    (store / "case/scan/0/c/0/0/0").write_bytes(data + index + checksum(index))
    refused(store, r"^scan: damaged in the store \(a chunk is not as large as the others\); convert")


def test_files_that_are_missing(store: Path) -> None:
    (store / "case/scan/0/c/0/0/0").write_bytes(b"")
    refused(store, "^scan: 0 of its 1 files are there; ")
    (store / "case/scan/0/c/0/0/0").unlink()
    refused(store, "^scan: 0 of its 1 files are there; convert what it was made of again, or copy the whole store$")
    (store / "case/scan/0/zarr.json").unlink()
    refused(store, "^scan: its voxels are missing in the store; convert what it was made of again$")


def test_labels_that_are_missing(tmp_path: Path, store: Path) -> None:
    (store / "case/scan/labels/labels-0").rename(tmp_path / "elsewhere")
    refused(store, "^labels-0: ")


def test_a_layer_that_is_missing(store: Path) -> None:
    _, mask = case()
    write_mask(store / "case/scan", vm.Mask.of_layers([mask.layers[0]] * 2, mask.grid, name="twice"))
    changed(store / "case/scan/labels/zarr.json", lambda one: one["ome"].update(labels=["labels-0", "twice-1"]))
    refused(store, "^twice: 1 of the 2 layers of the mask is there; convert")


@pytest.mark.parametrize("labels", [None, "labels-0", [1], ["../../scan"], ["labels-0/0"]])
def test_a_list_of_labels_that_is_none(store: Path, labels: object) -> None:
    changed(store / "case/scan/labels/zarr.json", lambda one: one["ome"].update(labels=labels))
    refused(store, "^scan: the list of its labels is damaged; convert what it was made of again$")


def test_absurd_sizes(store: Path) -> None:
    """Refused before anything is allocated."""
    path = store / "case/scan/0/zarr.json"
    content = json.loads(path.read_text())
    content["shape"] = [10**6] * 3
    path.write_text(json.dumps(content))
    refused(store, r"^scan: 1 of its \d+ files is there; ")
    content["shape"], content["chunk_grid"]["configuration"]["chunk_shape"] = [10**6] * 3, [10**6] * 3
    content["codecs"][0]["configuration"]["chunk_shape"] = [10**6] * 3
    path.write_text(json.dumps(content))
    refused(store, r"^scan: its chunks are too large to be read, ")
    content["codecs"][0]["configuration"]["chunk_shape"] = [1, 1, 1]
    path.write_text(json.dumps(content))
    refused(store, r"^scan: its files have too many chunks to be read, of \(1, 1, 1\) voxels each; ")


@pytest.mark.parametrize(
    "place", ["case", "case/scan", "case/scan/0", "case/scan/0/c/0/0/0", "case/scan/labels/labels-0"]
)
def test_links_out_of_the_store(tmp_path: Path, store: Path, place: str) -> None:
    (store / place).rename(tmp_path / "outside")
    (store / place).symlink_to(tmp_path / "outside")
    refused(store, "is a link out of the store, which is not followed; convert what it was made of again$")


def test_a_store_that_is_reached_by_a_link(tmp_path: Path, store: Path) -> None:
    (tmp_path / "link").symlink_to(store)
    all_of(tmp_path / "link")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
def test_no_permission(store: Path) -> None:
    (store / "case/scan/0/c/0/0/0").chmod(0)
    refused(store, "^scan: no permission to read it in the store; ask its owner for access$")


def test_a_place_that_is_taken(tmp_path: Path, store: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").touch()
    with pytest.raises(
        vm.OutputError, match=r"^taken: it is there already, and no store; give a new folder, or an empty"
    ):
        create_store(tmp_path / "taken")
    with pytest.raises(vm.OutputError, match=r"^letter.txt: it is there already, and no store"):
        create_store(tmp_path / "taken" / "letter.txt")
    with pytest.raises(
        vm.OutputError, match=r"^case case: it is in the store already; remove it first, or choose another"
    ):
        new_case(store, "case")
    with pytest.raises(vm.OutputError, match=r"^scan: it is in the store already"):
        write_image(store / "case", case()[0])
    with pytest.raises(
        vm.InputError, match=r"^labels: the image has a mask of this name already; choose another name$"
    ):
        write_mask(store / "case/scan", case()[1])
    assert create_store(store) == store.absolute()


@pytest.mark.parametrize(
    "name", ["Müller, J.", "../..", ".", "..", "a/b", "__x", "labels", "zarr.json", "%41", "患者", "a\0b"]
)
def test_names(tmp_path: Path, name: str) -> None:
    """Whatever they are, they come back, and no folder outside the store is made."""
    image = vm.Volume(noise(1, (2, 3, 4), "i2"), spacing=(1, 1, 1), name=name)
    mask = vm.Mask(np.ones((2, 3, 4), np.uint8), image.grid, name=name)
    write_case(tmp_path / "store", image, mask, name=name)
    (found,) = open_store(tmp_path / "store").cases
    assert found.name == name
    assert (found.image(name).name, found.image(name).mask(name).name) == (name, name)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(vm.InputError, match=r"a name in a store is 1 to 200 bytes long; choose another name$"):
        new_case(create_store(tmp_path / "store"), name)
