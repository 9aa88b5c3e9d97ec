"""File names of every kind, in a process of their own: SimpleITK ends a process at a name that it cannot take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image_files import VOXELS, nifti_header, write_metaimage, write_nifti, write_nrrd
from voxmill.io import read_image
from voxmill.io.plain import plain_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")

LOCALES = {"C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "UTF-8": {"LC_ALL": "C.UTF-8"}}
READ_AND_WRITE = """
import os, sys
import voxmill as vm
source = os.fsdecode(bytes.fromhex(sys.argv[1]))
image = vm.read_image(source)
assert image.array.ravel().tolist() == list(range(24)), image.array
assert image.grid.spacing == (1, 2, 3), image.grid
for suffix in (".nrrd", ".nii.gz", ".mha", ".nii"):
    written = os.path.join(os.path.dirname(source), os.fsdecode(b"out\\xff\\xc3\\xa9") + suffix)
    vm.write_image(image, written)
    assert vm.read_image(written).array.tolist() == image.array.tolist()
    os.remove(written)
try:
    vm.read_image(source + ".gone.nrrd")
except vm.InputError:
    print("fine")
"""


def outcome(path: bytes, locale: str) -> subprocess.CompletedProcess[str]:
    """What a process in another locale makes of a file."""
    command = [sys.executable, "-c", READ_AND_WRITE, path.hex()]
    return subprocess.run(command, env=os.environ | LOCALES[locale], capture_output=True, text=True, check=False)


def write_all(folder: Path, stem: str) -> list[Path]:
    """The same image in every format, some with their voxels in a file of their own."""
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "v\N{LATIN SMALL LETTER E WITH ACUTE}.raw").write_bytes(VOXELS)
    data = "deeper/v\N{LATIN SMALL LETTER E WITH ACUTE}.raw"
    (folder / f"{stem}.img").write_bytes(VOXELS)
    header = nifti_header(vox_offset=0, magic=b"ni1", qform=(0, 0, 0, 0, 0, 0))
    (folder / f"{stem}.hdr").write_bytes(header.binaryblock + b"\0\0\0\0")
    return [
        write_nrrd(folder / f"{stem}.nrrd"),
        write_nrrd(folder / f"{stem}.nhdr", data=b"", data_file=f"./{data}"),
        write_metaimage(folder / f"{stem}.mha"),
        write_metaimage(folder / f"{stem}.mhd", data=b"", ElementDataFile=data),
        write_nifti(folder / f"{stem}.nii.gz"),
        folder / f"{stem}.hdr",
    ]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", [b"bad\xff", "\N{LATIN SMALL LETTER E WITH ACUTE}".encode()])
def test_any_name_is_read_and_written(tmp_path: Path, name: bytes, locale: str) -> None:
    for path in write_all(tmp_path / os.fsdecode(name), os.fsdecode(name)):
        done = outcome(os.fsencode(path), locale)
        assert (done.returncode, done.stdout) == (0, "fine\n"), (path.suffix, done.stderr)


def test_a_plain_name_is_taken_as_it_is(tmp_path: Path) -> None:
    for stem in ("a", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
        with plain_path(tmp_path / f"{stem}.nrrd", ".nrrd") as plain:
            assert plain == tmp_path / f"{stem}.nrrd"


def test_the_link_goes_afterwards(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.nrrd")
    write_nrrd(path)
    with plain_path(path, ".nrrd") as plain:
        assert plain.name.isascii()
        assert plain.resolve() == path
        assert plain.parent.stat().st_mode & 0o777 == 0o700
    assert not plain.parent.exists()
    assert read_image(path).name == os.fsdecode(b"bad\xff")
