"""The picture of a journey's flow and its list twin."""

import re
from typing import Any

import pytest
from django.template.loader import render_to_string

from promotions.journey_looks import look_of
from promotions.journey_outline import Outline, outline_of
from promotions.journey_picture import HEIGHT, PICTURE_LIMIT, WIDTH, Picture, picture_of
from promotions.views.journey_comparison import picture_context
from tests.unit.promotions.journey_documents import fixture, journey, step


def outline(*steps: dict[str, Any]) -> Outline:
    found = outline_of(journey(*steps))
    assert found is not None
    return found


def forty_eight() -> Outline:
    steps = [step("s0", "start", "s1")]
    for number in range(1, 48):
        targets: list[str | tuple[str, str]] = [
            (f"Path {jump}", f"s{number + jump}") for jump in (1, 2, 5) if number % 4 == 0
        ]
        steps.append(step(f"s{number}", "condition" if targets else "timer", *(targets or [f"s{number + 1}"])))
    steps[30]["transitions"].append({"name": "Again", "targetStep": "s12"})
    return outline(*steps, *(step(f"s{number}", "end") for number in range(48, 53)))


def overlapping(picture: Picture) -> list[tuple[str, str]]:
    boxes = picture.boxes
    return [
        (one.step.title, other.step.title)
        for index, one in enumerate(boxes)
        for other in boxes[index + 1 :]
        if abs(one.x - other.x) < WIDTH and abs(one.y - other.y) < HEIGHT
    ]


def test_a_step_stands_right_of_what_leads_to_it() -> None:
    found = outline_of(fixture("journey-version-export.response-200.json"))
    assert found is not None

    picture = picture_of(found)

    x = {box.step.title: box.x for box in picture.boxes}
    assert x["Member registered"] < x["Is EU member"] < x["Wait"] < x["Notify CRM"] < x["End"]
    assert {line.label for line in picture.lines} == {"", "Path1", "Otherwise"}
    assert picture.loops == picture.unreached == picture.missing == 0


@pytest.mark.parametrize(
    "found",
    [
        outline(step("a", "start", "a")),
        outline(step("a", "start", "b"), step("b", "timer", "a")),
        outline(step("a", "start", "b"), step("b", "timer", "c"), step("c", "timer", "b", "gone")),
        outline(step("a", "start"), step("b", "timer", "a"), step("c", "end"), step("d", "timer", "d")),
        outline(step("a", "start", "b", "c"), step("b", "end"), step("b", "end"), step("c", "end")),
        forty_eight(),
    ],
    ids=["itself", "two in a circle", "circle and missing", "apart", "one id twice", "many"],
)
def test_no_two_boxes_overlap_and_all_lie_inside(found: Outline) -> None:
    picture = picture_of(found)

    assert overlapping(picture) == []
    assert all(box.x >= 0 and box.x + WIDTH <= picture.width for box in picture.boxes)
    assert all(box.y >= 0 and box.y + HEIGHT <= picture.height for box in picture.boxes)
    assert {box.step.anchor for box in picture.boxes if not box.step.is_missing} == {s.anchor for s in picture.steps}
    assert len(picture.lines) == len({(edge.source, edge.target) for edge in found.edges})


def test_a_path_that_leads_back_is_drawn_apart_from_those_that_lead_on() -> None:
    picture = picture_of(
        outline(step("a", "start", "b"), step("b", "timer", ("Again", "a"), ("On", "c")), step("c", "end"))
    )

    assert [line.label for line in picture.lines if line.is_back] == ["Again"]
    assert picture.loops == 1


def test_steps_that_nothing_reaches_say_so_and_stand_below() -> None:
    picture = picture_of(outline(step("a", "start", "b"), step("b", "end"), step("lost", "timer", "b")))

    boxes = {box.step.title: box for box in picture.boxes}
    assert boxes["lost"].step.is_unreached
    assert boxes["lost"].y > max(boxes["a"].y, boxes["b"].y)
    assert "not reached from the start" in boxes["lost"].step.in_words
    assert picture.unreached == 1


def test_a_missing_target_is_drawn_as_missing_and_not_listed_as_a_step() -> None:
    picture = picture_of(outline(step("a", "start", "gone")))

    assert [box.step.title for box in picture.boxes if box.step.is_missing] == ["gone"]
    assert [step.title for step in picture.steps] == ["a"]
    assert [(way.title, way.anchor) for way in picture.steps[0].ways] == [("gone", "")]


def test_two_paths_between_the_same_steps_are_one_line_with_both_labels() -> None:
    picture = picture_of(outline(step("a", "condition", ("Yes", "b"), ("No", "b")), step("b", "end")))

    assert [line.label for line in picture.lines] == ["Yes, No"]
    assert [way.label for way in picture.steps[0].ways] == ["Yes", "No"]


def test_five_hundred_steps_are_listed_and_not_drawn() -> None:
    steps = [step(f"s{number}", "timer", f"s{number + 1}") for number in range(500)]

    picture = picture_of(outline(*steps))

    assert picture.is_too_large
    assert picture.boxes == []
    assert len(picture.steps) == 500 > PICTURE_LIMIT


def test_a_kind_that_is_not_known_keeps_its_own_word() -> None:
    assert (look_of("quantumSplit").word, look_of("quantumSplit").shape) == ("Quantum split", "unknown")
    assert look_of("").word == "Step"
    assert look_of("Custom_Action").word == "Action"


def test_marks_are_words_and_not_only_colours() -> None:
    picture = picture_of(outline(step("a", "start", "b"), step("b", "end")), {"a": "added", "b": "both"})

    assert [step.in_words for step in picture.steps] == ["Start, a, added", "End, b, changed, rewired"]


def test_the_picture_can_be_walked_by_keyboard_and_escapes_every_name() -> None:
    found = outline(step("a", "start", ("<u>", "b"), name="<b>bold</b>"), step("b", "we<i>rd", "gone", note="<em>x"))

    page = render_to_string("promotions/journeys/_picture.html", picture_context(found, prefix="here"))

    assert not re.search(r"<(?:b|u|i|em)>bold|<u>|<i>rd|<em>x", page)
    targets = set(re.findall(r'<a class="step[^>]* href="#([\w-]+)"', page))
    assert targets == {"here-1", "here-2"}
    assert targets <= set(re.findall(r'<li id="([\w-]+)"', page))
    assert 'role="group"' in page
    assert '<title id="here-title">' in page


def test_a_journey_that_could_not_be_read_says_so() -> None:
    page = render_to_string("promotions/journeys/_picture.html", picture_context(None))

    assert "could not be read" in page
