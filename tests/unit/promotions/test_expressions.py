"""Expression files that go along: flattened where people see it, and refused where one would get lost."""

import io
import zipfile

import pytest

from promotions.systems.snaplogic import expressions
from promotions.systems.snaplogic.expressions import UnfitExpressionsError
from tests.unit.promotions.zip_making import Part, exported, zip_of

MIB = 1 << 20


def refusal(*files: tuple[str, bytes]) -> str:
    with pytest.raises(UnfitExpressionsError) as refused:
        expressions.read([(name, [content]) for name, content in files])
    return refused.value.message


def test_a_zip_with_folders_is_flattened_and_litter_left_out() -> None:
    files = {
        "lib/math.expr": b"{ add: (a, b) => a + b }",
        "lib/text/words.expr": b"{}",
        "__MACOSX/lib/._math.expr": b"\0\5",
        "lib/.DS_Store": b"\0",
    }

    flat = expressions.read([("lib.zip", [exported(files)])])

    assert [(file.name, file.size, file.path) for file in flat.files] == [
        ("math.expr", 24, "lib/math.expr"),
        ("words.expr", 2, "lib/text/words.expr"),
    ]
    assert flat.warnings == ()


def test_single_files_are_taken_as_they_are() -> None:
    flat = expressions.read([("b.expr", [b"{", b"}"]), ("a.expr", [])])

    assert [(file.name, file.content) for file in flat.files] == [("a.expr", b""), ("b.expr", b"{}")]


def test_equal_names_in_different_folders_are_refused_with_both_paths() -> None:
    zipped = exported({"eu/math.expr": b"1", "us/math.expr": b"2"})

    assert "“eu/math.expr” and “us/math.expr” have the same name" in refusal(("lib.zip", zipped))
    assert "“math.expr” and “us/math.expr” have the same name" in refusal(("math.expr", b"1"), ("us/math.expr", b"2"))


def test_names_that_differ_in_case_only_and_other_suffixes_are_pointed_out() -> None:
    flat = expressions.flattened([("eu/Math.expr", b"1"), ("math.expr", b"2"), ("notes.txt", b"3")])

    assert len(flat.files) == 3
    assert "“eu/Math.expr” and “math.expr” differ in upper and lower case only" in flat.warnings[0]
    assert flat.warnings[1] == "“notes.txt” does not end in .expr, as expression files usually do."


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "There is no expression file"),
        ([("lib.zip", exported({"__MACOSX/x": b""}))], "There is no expression file"),
        ([("lib.zip", b"nothing of the kind")], "cannot be taken. The file is no zip"),
        ([("lib.zip", zip_of(Part(b"../x.expr")))], "leads out of the zip"),
        ([("a.expr", b"1"), ("b.zip", exported())], "“b.zip” is an archive itself"),
        ([("a.expr", b"1"), ("b.expr", exported())], "“b.expr” is an archive itself"),
        ([("../a.expr", b"1")], "leads out of the zip"),
        ([(f"{'a' * 200}.expr", b"1")], "longer than 200 characters"),
        ([(f"{number}.expr", b"") for number in range(501)], "more than 500 expression files"),
        ([("a.expr", bytes(6 * MIB)), ("b.expr", bytes(6 * MIB))], "more than 10 MiB together"),
        ([("a.zip", exported({"a.expr": bytes(11 * MIB)}))], "cannot be taken"),
    ],
)
def test_what_cannot_go_along_is_refused(files: list[tuple[str, bytes]], words: str) -> None:
    assert words in refusal(*files)


def test_packing_is_flat_and_makes_the_same_bytes_again() -> None:
    first = expressions.flattened([("x/b.expr", b"{}"), ("y/a.expr", b"1" * 500)])
    second = expressions.flattened([("y/a.expr", b"1" * 500), ("z/b.expr", b"{}")])

    packed = expressions.pack(first.files)

    assert packed == expressions.pack(second.files)
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["a.expr", "b.expr"]
    assert [file.name for file in expressions.read([("again.zip", [packed])]).files] == ["a.expr", "b.expr"]
