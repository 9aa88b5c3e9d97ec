"""Tables of cases: which rows are cases, which are one, which are refused; and what PyRadiomics' batch files say."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import voxmill as vm
from small_images import write_case
from voxmill.conversion import Converted, convert
from voxmill.discovery.tables import Listed, read_sheet
from voxmill.errors import InputError


def converted(folder: Path, content: str) -> Converted:
    (folder / "cases.csv").write_text(content)
    return convert(folder / "cases.csv", folder / "cohort.zarr", keep_ids=True)


@pytest.mark.parametrize("column", ["Image", "image:t1", "mask", "ID", "Label"])
@pytest.mark.parametrize("values, kind", [([b"\xff"], "binary"), ([["a"]], "list<")])
def test_columns_that_hold_no_texts_are_refused(tmp_path: Path, column: str, values: list[object], kind: str) -> None:
    columns = {"image:adc": ["a"], "mask": ["b"], column: values, "age": [b"\xff"]}
    pq.write_table(pa.table(columns), tmp_path / "cases.parquet")
    with pytest.raises(InputError, match=rf"^cases.parquet: column '{column}' holds {kind}.*; save it as text$"):
        read_sheet(tmp_path / "cases.parquet")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The names of an image and its mask in the folder."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    image, mask = write_case(tmp_path)
    return image.name, mask.name


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "it has no rows"),
        ("image\n", "it has no rows"),
        ("picture,mask\na,b\n", "its columns are picture, mask; add it"),
        ("picture;mask\na;b\n", "its columns are picture, mask; add it"),
    ],
)
def test_tables_that_make_no_sense(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "cases.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        convert(tmp_path / "cases.csv", tmp_path / "cohort.zarr")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "names, values, images",
    [
        (("image", "mask", "case"), ("a.nrrd", "", "1"), {"image": "a.nrrd"}),
        (("Case", "Image:t1", "Image:adc"), ("1", "a,b", "c;d"), {"t1": "a,b", "adc": "c;d"}),
        (("image:t1", "age"), ("a b", "3,5"), {"t1": "a b"}),
    ],
)
def test_columns_are_apart_by_what_the_first_line_says(
    tmp_path: Path, separator: str, mark: str, names: Sequence[str], values: Sequence[str], images: dict[str, str]
) -> None:
    path = tmp_path / "cases.csv"
    with path.open("w", newline="") as file:
        file.write(mark)
        csv.writer(file, delimiter=separator).writerows([names, values])
    (row,) = read_sheet(path).rows
    assert (row.images, row.fault) == (images, "")


def test_a_table_that_is_not_in_utf_8_says_so(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_bytes("image;case\na.nrrd;Müller\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"is not in UTF-8, .*; save it as CSV in UTF-8 \(in Excel: CSV UTF-8\)"):
        read_sheet(tmp_path / "cases.csv")


def test_rows_with_too_few_or_too_many_fields_are_none(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("image,mask,case\na,b,c\na,b\n\na,b,c,d\na,,c\n")
    whole, short, long, bare = read_sheet(path).rows
    assert whole == Listed(1, "c", {"image": "a"}, "b", "", "")
    assert short.fault == "it has 2 of 3 fields; give each column its field, empty if need be"
    assert long.fault == "it has 4 of 3 fields; give each column its field, empty if need be"
    assert bare == Listed(4, "c", {"image": "a"}, "", "", "")


def test_columns_without_a_name_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("image,mask,,\na,b\na,b,,\n")
    assert [row.fault for row in read_sheet(tmp_path / "cases.csv").rows] == ["", ""]


def test_what_is_no_row_is_told_and_the_rest_goes_on(tmp_path: Path, files: tuple[str, str]) -> None:
    image, mask = files
    done = converted(tmp_path, f"image,mask,case\n{image},{mask},one\n{image}\n,{mask},three\n")
    assert (done.progress.done, done.not_read) == (1, {"row": 2})


def test_rows_that_differ_in_their_label_alone_are_one_case(tmp_path: Path, files: tuple[str, str]) -> None:
    image, mask = files
    done = converted(tmp_path, f"Image,Mask,Label\n{image},{mask},1\n{image},{mask},2\n")
    assert (done.cases, done.progress.done, done.unread) == (1, 1, 0)
    (note,) = done.notes
    assert "a store keeps every label of a mask" in note
    (stored,) = vm.open_store(done.store).cases[0].images
    assert len(stored.masks[0].segments) == 2


def test_without_labels_there_is_nothing_to_say(tmp_path: Path, files: tuple[str, str]) -> None:
    image, mask = files
    assert converted(tmp_path, f"Image,Mask,Label\n{image},{mask},\n").notes == ()


def test_a_row_that_names_an_image_again_without_its_mask_adds_nothing(tmp_path: Path, files: tuple[str, str]) -> None:
    image, mask = files
    done = converted(tmp_path, f"image,mask,case\n{image},{mask},one\n{image},,one\n")
    assert (done.cases, done.progress.done, done.unread) == (1, 1, 0)
    (stored,) = vm.open_store(done.store).cases[0].images
    assert (stored.name, [one.name for one in stored.masks]) == ("image", ["mask"])
