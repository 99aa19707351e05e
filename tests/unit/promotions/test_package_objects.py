"""What the forms of package building make of pasted lines, of offers, and of what people say to them."""

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict

from promotions.forms.package_objects import OBJECTS_LIMIT, Gathered, Offer, dump_offers, gather, load_offers, mark_of

SCHEMA = "https://ns.adobe.com/acme/schemas/" + "0" * 40
DATASET = "a" * 24
UNCLEAR = "99887766"
OFFERS = [Offer("REGISTRY_SCHEMA", SCHEMA, "Members", "dev", "Loyalty"), Offer("FLOW", "f-1", "Feed", "dev", "Loyalty")]


def sent(**values: str | list[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def looked_over(text: str, **values: str) -> QueryDict:
    return sent(text=text, seen=mark_of(text), **values)


def keys(gathered: Gathered) -> list[tuple[str, str]]:
    return [artifact.key for artifact in gathered.artifacts]


def test_a_guessed_type_is_said_to_be_one() -> None:
    gathered = gather(looked_over(f"{SCHEMA}\n{DATASET}"), sandbox="dev")

    assert [(line.type, line.is_guessed) for line in gathered.lines] == [
        ("REGISTRY_SCHEMA", False),
        ("CATALOG_DATASET", True),
    ]
    assert gathered.guessed == 1
    assert gathered.reason == ""


def test_an_id_of_unknown_form_waits_for_its_type() -> None:
    data = looked_over(UNCLEAR)
    name = gather(data, sandbox="dev").lines[0].name

    unsure = gather(data, sandbox="dev")
    data[f"type-{name}"] = "MAPPING_SET"
    sure = gather(data, sandbox="dev")

    assert (keys(unsure), unsure.in_the_way) == ([], 1)
    assert "choose the type, or leave them out" in unsure.reason
    assert keys(sure) == [("MAPPING_SET", UNCLEAR)]
    assert sure.reason == ""


def test_a_chosen_type_is_no_guess_and_stays_when_lines_move() -> None:
    data = looked_over(DATASET)
    data[f"type-{gather(data, sandbox='dev').lines[0].name}"] = "FLOW"
    data["text"] = f"{SCHEMA}\n{DATASET}"

    gathered = gather(data, sandbox="dev")

    assert keys(gathered) == [("REGISTRY_SCHEMA", SCHEMA), ("FLOW", DATASET)]
    assert gathered.guessed == 0


def test_the_same_object_is_taken_once_wherever_it_comes_from() -> None:
    data = looked_over(f"{SCHEMA}\n{SCHEMA}")
    data["offers"] = dump_offers(OFFERS)
    data.setlist("pick", ["0", "1"])

    gathered = gather(data, sandbox="dev")

    assert keys(gathered) == [("REGISTRY_SCHEMA", SCHEMA), ("FLOW", "f-1")]
    assert gathered.lines[1].is_echo
    assert "already" in gathered.lines[1].problem
    assert "already" in gathered.offers[0].problem
    assert gathered.reason == ""


def test_what_the_package_has_already_is_passed_over() -> None:
    data = looked_over(SCHEMA, offers=dump_offers(OFFERS), pick="1")

    gathered = gather(data, sandbox="dev", present={("REGISTRY_SCHEMA", SCHEMA), ("FLOW", "f-1")})

    assert keys(gathered) == []
    assert [gathered.lines[0].problem, gathered.offers[1].problem] == ["It is in the package already."] * 2
    assert gathered.reason == ""


def test_an_object_of_another_sandbox_keeps_the_form_back_until_it_is_left_out() -> None:
    text = f"https://experience.adobe.com/#/@acme/sname:stage/platform/schema/{SCHEMA.replace('/', '%2F')}"
    data = looked_over(text)

    refused = gather(data, sandbox="dev")
    data[f"leave-{refused.lines[0].name}"] = "on"
    left_out = gather(data, sandbox="dev")

    assert refused.in_the_way == 1
    assert "“stage”" in refused.lines[0].problem
    assert left_out.in_the_way == 0
    assert keys(gather(data, sandbox="")) == []
    assert keys(gather(looked_over(text), sandbox="stage")) == [("REGISTRY_SCHEMA", SCHEMA)]


def test_an_offer_of_another_sandbox_is_in_the_way_only_if_it_is_ticked() -> None:
    offers = dump_offers([Offer("FLOW", "f-1", "Feed", "stage")])

    ticked = gather(sent(offers=offers, pick="0"), sandbox="dev")
    unticked = gather(sent(offers=offers), sandbox="dev")

    assert (ticked.in_the_way, keys(ticked)) == (1, [])
    assert (unticked.in_the_way, keys(unticked)) == (0, [])


def test_a_text_that_nobody_has_looked_over_is_not_sent() -> None:
    gathered = gather(sent(text=DATASET, seen=mark_of("another")), sandbox="dev")

    assert "Look over" in gathered.reason


def test_line_ends_of_a_browser_make_no_new_text() -> None:
    assert mark_of("a\r\nb") == mark_of("a\nb")


def test_too_many_objects_are_refused() -> None:
    gathered = gather(looked_over("\n".join(f"{number:024x}" for number in range(OBJECTS_LIMIT + 1))), sandbox="dev")

    assert f"{OBJECTS_LIMIT + 1} objects are too many" in gathered.reason


def test_offers_come_back_as_they_went_out() -> None:
    assert load_offers(dump_offers(OFFERS)) == OFFERS
    assert load_offers("") == []


@pytest.mark.parametrize(
    "text",
    ["{", "{}", "[1]", '[["A","b"]]', '[["A","b","c","d",5]]', '[["A\\u0000","b","c","d","e"]]', "[" * 100_000],
)
def test_forged_offers_are_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequest):
        load_offers(text)
