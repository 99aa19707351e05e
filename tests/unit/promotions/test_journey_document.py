"""A document is read strictly, refused in words, and given back byte by byte but for what was to change."""

import json

import pytest

from promotions.systems.journeys import document
from promotions.systems.journeys.document import LIMIT_BYTES, LIMIT_DEPTH, DocumentError, Part
from promotions.systems.journeys.payload import PLACEHOLDER, edited, survey


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The document is empty."),
        (b"\xef\xbb\xbf \n", "The document is empty."),
        (
            b'{"a": 1,\n "b" 2}',
            "The document is not JSON. Line 2, column 6: a colon is expected.",
        ),
        (b'{"a": [1, 2}', "The document is not JSON. Line 1, column 12: another bracket is expected."),
        (b'{"a": 1,}', "The document is not JSON. Line 1, column 9: the name of a member is expected."),
        (b'{"a": 1]', "The document is not JSON. Line 1, column 8: another bracket is expected."),
        (b"[1 2]", "The document is not JSON. Line 1, column 4: a comma or the end of the list is expected."),
        (
            b'{"a": 1 "b": 2}',
            "The document is not JSON. Line 1, column 9: a comma or the end of the object is expected.",
        ),
        (b"[1,]", "The document is not JSON. Line 1, column 4: a value is expected."),
        (b"{} {}", "The document is not JSON. Line 1, column 4: the document should have ended."),
        (b'["\xc3\xa9", ?]', "The document is not JSON. Line 1, column 7: a value is expected."),
        (b"[NaN]", "The document is not JSON. Line 1, column 2: NaN and Infinity are no values of JSON."),
        (b'{"a": -Infinity}', "The document is not JSON. Line 1, column 7: NaN and Infinity are no values of JSON."),
        (b'{"a": {"b": ', "The document is not whole: it ends where a value is expected."),
        (b"[01]", "The document is not JSON. Line 1, column 3: a comma or the end of the list is expected."),
        (
            b'["a\nb"]',
            "Line 1, column 2: the text that begins here is not closed or holds something that JSON wants escaped.",
        ),
        (
            rb'["\x"]',
            "Line 1, column 2: the text that begins here is not closed or holds something that JSON wants escaped.",
        ),
        (
            b'["abc',
            "Line 1, column 2: the text that begins here is not closed or holds something that JSON wants escaped.",
        ),
        (b'["abc", "\xe9"]', "The document is not UTF-8 text: byte 10 cannot be read."),
        ("[]".encode("utf-16"), "The document is not UTF-8 text: byte 1 cannot be read."),
        (b"<html>404</html>", "The document is not JSON. Line 1, column 1: a value is expected."),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(content, sentence):
    with pytest.raises(DocumentError) as refused:
        survey(content)

    assert str(refused.value).endswith(sentence)


def test_a_refusal_quotes_nothing_of_the_document():
    with pytest.raises(DocumentError) as refused:
        edited(b'{"password": "hunter2" "x"}', {"/password": "correct horse"})

    assert "hunter2" not in str(refused.value)
    assert "horse" not in str(refused.value)


def test_a_broken_sign_at_the_edge_of_two_pieces_is_placed_exactly():
    content = b'"' + b"a" * (document.CHUNK - 2) + b"\xc3("

    with pytest.raises(DocumentError, match=f"byte {document.CHUNK:,} cannot be read"):
        survey(content)


def test_a_document_beyond_the_size_is_refused_before_it_is_read():
    with pytest.raises(DocumentError, match=r"The document has 32\.0 MiB; it is too large, the limit is 32 MiB\."):
        survey(b"[" * (LIMIT_BYTES + 1))


def test_nesting_to_the_limit_is_read_and_beyond_it_refused():
    deepest = survey(b"[" * LIMIT_DEPTH + b"]" * LIMIT_DEPTH)

    assert deepest.depth == LIMIT_DEPTH
    with pytest.raises(DocumentError, match="nested more than 2,000 levels deep"):
        survey(b"[" * (LIMIT_DEPTH + 1))


def test_every_value_comes_with_its_span_and_containers_with_their_end():
    content = b' {"a\\u0062": [1.50, {}], "n": null}\n'

    found = [(part, name, content[start:end]) for part, name, start, end in document.events(content)]

    assert found == [
        (Part.OBJECT, None, b""),
        (Part.ARRAY, "ab", b""),
        (Part.NUMBER, None, b"1.50"),
        (Part.OBJECT, None, b""),
        (Part.END, None, b""),
        (Part.END, None, b""),
        (Part.WORD, "n", b"null"),
        (Part.END, None, b""),
    ]


def test_odd_forms_around_a_changed_text_stay_as_they_are():
    content = (
        b'\xef\xbb\xbf{ "big":123456789012345678901234567890.10 ,"e":1E+5,"z":-0.0,\r\n'
        b'\t"a":"\\u00e9\\/x", "a" : "INSERT_SECRET_HERE","b":"\xc3\xa9 INSERT_SECRET_HERE \\n" }\n'
    )

    changed = edited(content, {"/a": 'p"w\\', "/b": "ü"})

    assert changed == (
        b'\xef\xbb\xbf{ "big":123456789012345678901234567890.10 ,"e":1E+5,"z":-0.0,\r\n'
        b'\t"a":"p\\"w\\\\", "a" : "p\\"w\\\\","b":"\xc3\xa9 \\u00fc \\n" }\n'
    )


@pytest.mark.parametrize(
    ("written", "after"),
    [
        (rb'"INSERT\u005fSECRET\u005FHERE"', '"s"'),
        (rb'"\u0049NSERT_SECRET_HERE and INSERT_SECRET_HERE"', '"s and s"'),
        (rb'"\\INSERT_SECRET_HERE\/"', r'"\\s\/"'),
        (rb'"\\u0049NSERT_SECRET_HERE INSERT_SECRET_HERE"', r'"\\u0049NSERT_SECRET_HERE s"'),
        (b'"no placeholder"', '"s"'),
    ],
)
def test_the_placeholder_gives_way_however_it_is_written(written, after):
    assert edited(b"[" + written + b"]", {"/0": "s"}) == f"[{after}]".encode()


def test_a_new_text_is_not_searched_for_placeholders_again():
    changed = edited(b'["INSERT_SECRET_HERE"]', {"/0": PLACEHOLDER + r"\1"})

    assert json.loads(changed) == [PLACEHOLDER + r"\1"]


@pytest.mark.parametrize("pointer", ["/b", "/a/0", "", "/n"])
def test_a_pointer_that_leads_to_no_text_is_refused(pointer):
    with pytest.raises(DocumentError, match=rf"has no text at {pointer}; it is not the one this was decided on"):
        edited(b'{"a": "x", "n": 1}', {"/a": "y", pointer: "z"})


def test_a_pointer_must_begin_with_a_slash():
    with pytest.raises(DocumentError, match="'a' is not a JSON pointer"):
        edited(b'{"a": "x"}', {"a": "y"})


@pytest.mark.parametrize("name", ["", "a/b", "~", "~1", "~u0000", "\0", "\ud800", "0", "é"])
def test_any_name_of_a_member_makes_a_pointer_that_can_be_stored_and_leads_back(name):
    pointer = document.pointer_of([name, 0])

    assert document.steps_of(pointer) == [name, "0"]
    assert "\0" not in pointer
    pointer.encode()


def test_a_document_that_is_one_text_can_be_filled_in():
    (found,) = survey(b' "INSERT_SECRET_HERE"').findings

    assert found.pointers == ("",)
    assert edited(b' "INSERT_SECRET_HERE"', {"": "s"}) == b' "s"'


@pytest.mark.parametrize(
    "text", ["\U0001f600" * 1500, "\ud83d\\n\ud83d\U0001f600\ude00", "é\n\U0001f600/" * 700, "\\" * 2001 + "n"]
)
def test_escapes_say_the_same_as_the_signs_themselves(text):
    escaped, name = json.dumps(text).encode(), f"{{{json.dumps(text)}: 1}}".encode()

    assert document.utf8_of(escaped, 0, len(escaped)) == text.encode("utf-8", "surrogatepass")
    assert [name for _, name, _, _ in document.events(name)][1] == text
