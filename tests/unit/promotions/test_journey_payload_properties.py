"""Whatever document comes: it is read as JSON has it, and exactly the texts asked for change."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promotions.systems.journeys import document
from promotions.systems.journeys.payload import PLACEHOLDER, DocumentError, edited, remaining, survey

some = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SYSTEM = ("acsDataProvider", "acppsDataProvider", "acppsFieldGroup", "acppsDataPack", "acsAction")
SCHEMA = "https://ns.adobe.com/acme/schemas/9f0c2d7b41e84a6d"
TELLING = (
    *("events", "dataProviders", "customActions", "steps", "journey", "headers", "bodyParams", "createdAt", "~/", ""),
    *("name", "uid", "id", "type", "value", "builtIn", "xdmEntity", "schemaRef", "$ref", "template", "mobileAppName"),
)
names = st.sampled_from(TELLING) | st.text(max_size=4)
texts = st.one_of(
    st.text(max_size=6),
    st.just(PLACEHOLDER),
    st.tuples(st.text(max_size=3), st.text(max_size=3)).map(PLACEHOLDER.join),
    st.sampled_from(("acppsDataPack", "acsAction", SCHEMA, "notifyCrm", "a", "b")),
)
scalars = st.one_of(texts, st.booleans(), st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
trees = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=5), max_leaves=25
)
layouts: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")})
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    written = json.dumps(draw(trees), **draw(layouts))
    return draw(st.sampled_from((b"", b"\xef\xbb\xbf", b" \r\n"))) + written.encode("utf-8", "replace")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document with a piece cut out and something else put in."""
    whole = draw(documents())
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 4)))
    piece = draw(st.sampled_from(rb'{ } [ ] , : " \ 0 - . e9 1.0 nul NaN -Infinity \u00 \ud83d "" {} [1]'.split()))
    return whole[:start] + draw(st.just(piece) | st.binary(max_size=3)) + whole[end:]


def read(content: bytes) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(content.decode("utf-8-sig"), parse_constant=refuse)


def places(tree: Any, pointer: str = "", is_system: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Every text with its pointer, and whether an object of the system holds it: the rule, written the short way."""
    if isinstance(tree, str):
        yield pointer, tree, is_system
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from places(value, f"{pointer}/{index}", is_system)
    elif isinstance(tree, dict):
        told = [tree.get(member) for member in ("name", "uid", "id", "_id", "type", "kind")]
        is_system = is_system or tree.get("builtIn") is True or any(each in SYSTEM for each in told)
        for name, value in tree.items():
            yield from places(value, document.pointer_of([*document.steps_of(pointer), name]), is_system)


@some
@given(documents())
def test_every_placeholder_outside_system_objects_is_found_and_no_other(content):
    found = survey(content)

    secrets = [pointer for each in found.findings if each.kind == "secret" for pointer in each.pointers]
    wanted = [pointer for pointer, text, is_system in places(read(content)) if PLACEHOLDER in text and not is_system]
    assert sorted(secrets) == sorted(wanted)
    assert len({each.key for each in found.findings}) == len(found.findings)


@some
@given(documents())
def test_exactly_the_texts_asked_for_change_and_no_other_byte(content):
    findings = survey(content).findings
    answers = {pointer: f"<answer {number}>" for number, each in enumerate(findings) for pointer in each.pointers}

    changed = edited(content, answers)

    before, after = read(content), read(changed)
    was = {pointer: text for pointer, text, _ in places(before)}
    now = {pointer: text for pointer, text, _ in places(after)}
    assert now == was | {
        pointer: was[pointer].replace(PLACEHOLDER, answer) if PLACEHOLDER in was[pointer] else answer
        for pointer, answer in answers.items()
    }
    assert shape(before) == shape(after)
    secrets = {pointer: answer for pointer, answer in answers.items() if PLACEHOLDER in was[pointer]}
    filled = edited(content, secrets)
    for answer in secrets.values():
        filled = filled.replace(answer.encode(), PLACEHOLDER.encode())
    assert filled == content
    assert remaining(edited(content, answers)) == ()


def shape(tree: Any) -> Any:
    """Everything but the texts, the order of members included."""
    if isinstance(tree, dict):
        return [(name, shape(value)) for name, value in tree.items()]
    if isinstance(tree, list):
        return [shape(value) for value in tree]
    return str if isinstance(tree, str) else repr(tree)


@some
@given(documents())
def test_a_document_without_edits_comes_back_as_it_was(content):
    assert edited(content, {}) == content


@settings(some, max_examples=400)
@given(
    damaged()
    | documents()
    | st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace"))
    | st.binary(max_size=6)
)
def test_what_is_json_is_decided_as_the_standard_library_decides(content):
    try:
        read(content)
        is_json = True
    except ValueError:
        is_json = False

    try:
        survey(content)
        is_taken = True
    except DocumentError:
        is_taken = False

    assert is_taken is is_json


@some
@given(trees, st.randoms(use_true_random=False))
def test_the_digest_knows_neither_layout_nor_the_order_of_members(tree, chance):
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            members = list(value.items())
            chance.shuffle(members)
            return {name: shuffled(each) for name, each in members}
        return [shuffled(each) for each in value] if isinstance(value, list) else value

    one = survey(json.dumps(tree).encode()).digest
    other = survey(json.dumps(shuffled(tree), indent=1).encode()).digest

    assert one == other
