"""What people paste is understood as objects, or said to be no object."""

import json

import pytest

from promotions.artifact_text import OBJECTS_LIMIT, Pasted, read_pasted, type_named

SCHEMA = "https://ns.adobe.com/acme/schemas/5a3c1f0e9b8d7c6a5a3c1f0e"
AUDIENCE = "27115daa-c92b-4f17-a077-d65ffeb0c525"
DATASET = "65f0a1b2c3d4e5f6a7b8c9d0"
JOURNEY = "3238d7b3-e1a9-4714-955c-e39ff1d8a553@1649709742072"
UI = "https://experience.adobe.com/#/@acme/sname:dev/platform"


def only(text: str) -> Pasted:
    (found,) = read_pasted(text)
    return found


@pytest.mark.parametrize(
    ("text", "artifact_type", "is_guessed"),
    [
        (SCHEMA, "REGISTRY_SCHEMA", False),
        ("https://ns.adobe.com/acme/mixins/5a3c1f0e9b8d7c6a", "REGISTRY_MIXIN", False),
        ("https://ns.adobe.com/acme/fieldgroups/5a3c1f0e9b8d7c6a", "REGISTRY_MIXIN", False),
        ("https://ns.adobe.com/acme/datatypes/5a3c1f0e9b8d7c6a", "REGISTRY_DATATYPE", False),
        ("https://ns.adobe.com/acme/classes/5a3c1f0e9b8d7c6a", "REGISTRY_CLASS", False),
        (DATASET, "CATALOG_DATASET", True),
        ("0cf2d1a34b5c6d7e8f90a1b2c3d4e5f6", "MAPPING_SET", True),
        ("5a3c1f0e9b8d7c6a5a3c1f0e9b8d7c6a5a3c1f0e9b8d7c6a", "REGISTRY_DESCRIPTOR", True),
        (AUDIENCE, "PROFILE_SEGMENT", True),
        (JOURNEY, "JOURNEY", True),
        ("d8d8ed6d-696a-40bd-b4fe-ca053ec94e29-1663000361004", "JOURNEY", True),
        ("Email", "ID_NAMESPACE", True),
    ],
)
def test_the_form_of_an_id_tells_or_suggests_its_type(text: str, artifact_type: str, is_guessed: bool) -> None:
    found = only(f"  {text} ")

    assert (found.id, found.type, found.is_guessed, found.problem) == (text, artifact_type, is_guessed, "")


@pytest.mark.parametrize(
    ("address", "remote_id", "artifact_type"),
    [
        (f"{UI}/dataset/browse/{DATASET}?tab=activity", DATASET, "CATALOG_DATASET"),
        (f"{UI}/segment/browse/{AUDIENCE}", AUDIENCE, "PROFILE_SEGMENT"),
        (f"{UI}/audience/{AUDIENCE}/details", AUDIENCE, "PROFILE_SEGMENT"),
        (f"{UI}/source/dataflows/{AUDIENCE}", AUDIENCE, "FLOW"),
        (f"{UI}/profile/mergepolicies/{AUDIENCE}", AUDIENCE, "PROFILE_MERGE"),
        (
            "https://experience.adobe.com/#/@acme/sname:dev/journey-optimizer/journeys/journey/" + AUDIENCE,
            AUDIENCE,
            "JOURNEY",
        ),
        (
            f"{UI}/schema/tenant/schema/https%3A%2F%2Fns.adobe.com%2Facme%2Fschemas%2F5a3c1f0e9b8d7c6a5a3c1f0e/edit",
            SCHEMA,
            "REGISTRY_SCHEMA",
        ),
    ],
)
def test_the_address_of_a_page_names_the_object_and_the_sandbox(
    address: str, remote_id: str, artifact_type: str
) -> None:
    found = only(address)

    assert (found.id, found.type, found.sandbox, found.problem) == (remote_id, artifact_type, "dev", "")


@pytest.mark.parametrize(
    ("address", "remote_id", "artifact_type"),
    [
        (f"https://platform.adobe.io/data/foundation/catalog/dataSets/{DATASET}", DATASET, "CATALOG_DATASET"),
        (f"https://platform.adobe.io/data/core/ups/segment/definitions/{AUDIENCE}", AUDIENCE, "PROFILE_SEGMENT"),
        (f"https://platform.adobe.io/data/foundation/flowservice/flows/{AUDIENCE}", AUDIENCE, "FLOW"),
        (
            "https://platform.adobe.io/data/foundation/schemaregistry/tenant/schemas/_acme.schemas.5a3c1f0e9b8d7c6a5a3c1f0e",
            SCHEMA,
            "REGISTRY_SCHEMA",
        ),
    ],
)
def test_the_address_of_the_api_names_the_object_and_no_sandbox(
    address: str, remote_id: str, artifact_type: str
) -> None:
    found = only(address)

    assert (found.id, found.type, found.sandbox) == (remote_id, artifact_type, "")


def test_an_alternative_id_of_the_schema_registry_becomes_the_id() -> None:
    found = only("_acme.schemas.5a3c1f0e9b8d7c6a5a3c1f0e")

    assert (found.id, found.type, found.is_guessed) == (SCHEMA, "REGISTRY_SCHEMA", False)


@pytest.mark.parametrize("separator", ["\t", ";", ",", " | "])
def test_a_table_with_headings_is_read_by_them(separator: str) -> None:
    rows = [["Name", "Object type", "ID", "Sandbox"], ["Loyalty member", "Schema", SCHEMA, "Stage"]]

    (found,) = read_pasted("\n".join(separator.join(row) for row in rows))

    assert (found.line, found.id, found.type, found.title) == (2, SCHEMA, "REGISTRY_SCHEMA", "Loyalty member")
    assert (found.sandbox, found.is_guessed) == ("stage", False)


def test_an_empty_cell_keeps_the_columns_in_place() -> None:
    (found,) = read_pasted(f"id,title,type\n{DATASET},,Dataset")

    assert (found.id, found.type, found.title) == (DATASET, "CATALOG_DATASET", "")


@pytest.mark.parametrize(
    "row",
    [
        f"{AUDIENCE}\tAudience\tBig spenders",
        f"PROFILE_SEGMENT;{AUDIENCE};Big spenders",
        f"Big spenders,{AUDIENCE},Audience",
    ],
)
def test_a_row_without_headings_is_read_by_what_its_cells_look_like(row: str) -> None:
    found = only(row)

    assert (found.id, found.type, found.title, found.is_guessed) == (AUDIENCE, "PROFILE_SEGMENT", "Big spenders", False)


def test_quotes_hold_a_title_with_a_comma_together() -> None:
    found = only(f'{DATASET},CATALOG_DATASET,"Visits, web"')

    assert found.title == "Visits, web"


def test_several_ids_in_a_line_are_several_objects() -> None:
    found = read_pasted(f"{DATASET}, {AUDIENCE}")

    assert [(one.line, one.id) for one in found] == [(1, DATASET), (1, AUDIENCE)]


@pytest.mark.parametrize(
    "wrap", [lambda rows: rows, lambda rows: {"artifactsList": rows}, lambda rows: {"artifacts": rows}]
)
def test_json_is_read_as_the_platform_writes_it(wrap) -> None:
    rows = [
        {"id": SCHEMA, "type": "REGISTRY_SCHEMA", "title": "Loyalty"},
        {"id": "x1", "type": "CUSTOM_ACTION"},
        DATASET,
    ]

    found = read_pasted(json.dumps(wrap(rows)))

    assert [(one.line, one.id, one.type, one.title) for one in found] == [
        (1, SCHEMA, "REGISTRY_SCHEMA", "Loyalty"),
        (2, "x1", "CUSTOM_ACTION", ""),
        (3, DATASET, "CATALOG_DATASET", ""),
    ]
    assert [one.is_guessed for one in found] == [False, False, True]


@pytest.mark.parametrize("text", ["[{", "{]", "[1, 2", '{"id": '])
def test_broken_json_is_one_line_that_says_so(text: str) -> None:
    found = only(text)

    assert "begins like JSON" in found.problem


@pytest.mark.parametrize("entry", [7, None, {}, {"id": 3}, {"title": "No id"}, [SCHEMA]])
def test_an_entry_without_an_id_is_a_problem_of_its_own(entry) -> None:
    good, bad = read_pasted(json.dumps([{"id": SCHEMA, "type": "REGISTRY_SCHEMA"}, entry]))

    assert (good.problem, bad.line) == ("", 2)
    assert bad.problem


def test_json_that_nests_without_end_is_a_problem_and_no_error() -> None:
    assert only("[" * 100_000).problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("two words", "blanks"),
        ("12345", "Choose the type"),
        ("https://ns.adobe.com/xdm/context/profile", "Choose the type"),
        ("https://example.com/nothing", "No id of an object"),
        ("x" * 501, "at most 500"),
    ],
)
def test_what_cannot_be_told_is_said_in_words(text: str, words: str) -> None:
    found = only(text)

    assert words in found.problem


def test_a_word_that_is_no_type_asks_for_one() -> None:
    (found,) = read_pasted(f"id,type\n{DATASET},Spaceship")

    assert (found.id, found.type) == (DATASET, "")
    assert "“Spaceship” is no type" in found.problem


def test_the_second_of_two_equal_objects_names_the_line_of_the_first() -> None:
    first, _, second = read_pasted(f"{DATASET}\n{AUDIENCE}\n\n{DATASET}")

    assert first.problem == ""
    assert second.line == 4
    assert "line 1" in second.problem


def test_one_id_of_two_types_is_two_objects() -> None:
    found = read_pasted(f"{AUDIENCE},FLOW\n{AUDIENCE},PROFILE_SEGMENT")

    assert [one.problem for one in found] == ["", ""]


@pytest.mark.parametrize("text", ["", "\n \n\t\n", "   "])
def test_nothing_pasted_is_nothing(text: str) -> None:
    assert read_pasted(text) == []


def test_headings_alone_are_nothing() -> None:
    assert read_pasted("id\ttype\ttitle") == []


def test_more_than_can_be_looked_through_ends_with_a_line_that_says_so() -> None:
    found = read_pasted("\n".join(f"{number:024x}" for number in range(OBJECTS_LIMIT + 5)))

    assert len(found) == OBJECTS_LIMIT + 1
    assert f"Only the first {OBJECTS_LIMIT}" in found[-1].problem


@pytest.mark.parametrize(
    "text", ["\x00", "https://\x00/%", "%%%%", "“”", '"', ",,,", ";", "|", "id,,\n,,", "{}", "[]", '""']
)
def test_odd_text_never_breaks_it(text: str) -> None:
    for found in read_pasted(text):
        assert found.problem or found.id


@pytest.mark.parametrize(
    ("word", "artifact_type"),
    [
        ("Field group", "REGISTRY_MIXIN"),
        ("registry_schema", "REGISTRY_SCHEMA"),
        ("identity namespace", "ID_NAMESPACE"),
        ("CONTENT_TEMPLATE", "CONTENT_TEMPLATE"),
        ("content_template", ""),
        ("Loyalty", ""),
    ],
)
def test_a_type_is_known_by_its_spelling_or_by_what_pages_call_it(word: str, artifact_type: str) -> None:
    assert type_named(word) == artifact_type
