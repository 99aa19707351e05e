"""Further texts of an export: what a search finds, and what choosing one does to a plan."""

import html
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import Decision, ItemKind, PlanState
from promotions.models import Plan, PlanItem
from promotions.services import journey_texts
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.journeys import texts
from promotions.systems.journeys.payload import PLACEHOLDER
from tests.factories import MembershipFactory, UserFactory, api_headers
from tests.factories_journeys import journey_plan

SUBJECT = "/journey/steps/0/action/subject"
LINK = "/journey/steps/0/action/link"


def document(**action: Any) -> dict[str, Any]:
    """A journey with one step that sends something."""
    sending = {"subject": "Spring offers", "link": "https://shop.example.test/spring", **action}
    return {"journey": {"name": "Winback spring", "steps": [{"nodeName": "Send offers", "action": sending}]}}


def found(words: str, content: dict[str, Any], without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    hits = texts.search(json.dumps(content).encode(), words, without)
    return [(hit.current, hit.pointer) for hit in hits.texts]


@pytest.fixture
def plan(organization: Organization) -> Plan:
    return journey_plan(organization, document(secret=PLACEHOLDER))


def chosen(plan: Plan, pointer: str = SUBJECT, *, actor: User) -> PlanItem:
    return journey_texts.choose(plan=plan, pointer=pointer, actor=actor)


def test_texts_are_found_by_their_words_and_then_by_the_names_around_them() -> None:
    content = document(note="SPRING Link of 2026")

    assert found("link spring", content) == [
        ("SPRING Link of 2026", "/journey/steps/0/action/note"),
        ("https://shop.example.test/spring", LINK),
    ]
    assert [pointer for _, pointer in found("send action", content, (SUBJECT,))] == [
        LINK,
        "/journey/steps/0/action/note",
    ]
    assert (found("winter", content), found("  ", content)) == ([], [])


def test_the_place_of_a_text_is_told_in_words() -> None:
    [hit, *_] = texts.search(json.dumps(document()).encode(), "spring offers").texts

    assert hit.where == "journey Winback spring, step Send offers, action, subject"


def test_an_object_that_stands_twice_has_its_text_changed_twice() -> None:
    source = {"uid": "s", "name": "stock", "url": "https://stock.example.test", "urls": ["https://stock.example.test"]}
    entity = {"uid": "g", "name": "level", "provider": source}
    content = json.dumps({"dataProviders": [source], "dataEntities": [entity]}).encode()

    hits = texts.search(content, "https").texts
    again = texts.chosen(content, ["/dataEntities/0/provider/url", "/dataProviders/0/url"])

    assert [hit.pointers for hit in hits] == [
        ("/dataProviders/0/url", "/dataEntities/0/provider/url"),
        ("/dataProviders/0/urls/0", "/dataEntities/0/provider/urls/0"),
    ]
    assert [text.pointers for text in again] == [("/dataEntities/0/provider/url", "/dataProviders/0/url")]


@pytest.mark.parametrize(
    "content",
    [
        document(x=f"spring {PLACEHOLDER}"),
        document(x="spring " * 100),
        document(x="spring \x00"),
        document(x="spring \ud800"),
        document(**{"api-key": "spring x"}),
        document(headers=[{"name": "X-Api-Key", "value": "spring x"}]),
        document(x="spring Bearer abcdefgh12345678"),
        {**document(), "dataProviders": [{"uid": "acsDataProvider", "name": "x", "url": "spring x"}]},
    ],
)
def test_secrets_contents_and_system_objects_are_not_offered(content: dict[str, Any]) -> None:
    assert found("spring", content) == [("Spring offers", SUBJECT), ("https://shop.example.test/spring", LINK)]


def test_no_more_than_fifty_texts_are_named() -> None:
    content = json.dumps({"journey": {"name": "J", "lines": [f"line {n}" for n in range(60)]}}).encode()

    many, few = texts.search(content, "line"), texts.search(content, "line 5")

    assert (len(many.texts), many.is_cut) == (50, True)
    assert few.texts[0].current == "line 5"


@pytest.mark.django_db
def test_a_chosen_text_is_an_item_and_a_fact_until_it_is_taken_out(plan: Plan, teammate: User) -> None:
    confirmation = {"key": "confirmation", "kind": ItemKind.CONFIRMATION, "title": "A new copy is made"}
    plan.items.create(position=0, must_decide=True, **confirmation)

    item = chosen(plan, actor=teammate)

    plan.refresh_from_db()
    assert list(plan.items.values_list("pk", flat=True)) == [item.pk]
    assert (item.type, item.title, item.decision) == ("Text", "Spring offers", Decision.UNDECIDED)
    assert [choice["decision"] for choice in item.choices] == [Decision.KEEP]
    assert (plan.promotion.pick["texts"], plan.facts) == (
        [SUBJECT],
        {"content": "digest", "texts": {SUBJECT: "Spring offers"}},
    )
    assert [hit.pointer for hit in journey_texts.search(plan, "spring").texts] == [LINK]

    journey_texts.leave(plan=plan, pointer=SUBJECT, actor=teammate)

    plan = Plan.objects.get(pk=plan.pk)
    assert ("texts" in plan.promotion.pick, plan.facts) == (False, {"content": "digest"})
    assert list(plan.items.values_list("key", "kind")) == [("confirmation", ItemKind.CONFIRMATION)]
    lines = AuditEvent.objects.filter(verb__in=[Verb.TEXT_CHOSEN, Verb.TEXT_LEFT]).order_by("pk")
    assert [(line.verb, line.details["item"]) for line in lines] == [
        (Verb.TEXT_CHOSEN, item.key),
        (Verb.TEXT_LEFT, item.key),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pointer", "reason"),
    [
        ("/journey/steps/9", "no such text"),
        ("/journey/name", "no such text"),
        ("/journey/steps/0/action/secret", "no such text"),
        ("subject", "no such text"),
    ],
)
def test_what_is_no_text_to_change_cannot_be_chosen(plan: Plan, teammate: User, pointer: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        chosen(plan, pointer, actor=teammate)

    assert not plan.items.exists()


@pytest.mark.django_db
def test_a_text_is_chosen_once_and_only_by_operators_of_an_open_plan(plan: Plan, teammate: User) -> None:
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=plan.promotion.target_organization, role=Role.VIEWER)

    chosen(plan, actor=teammate)

    with pytest.raises(ConflictError, match="already"):
        chosen(plan, actor=teammate)
    with pytest.raises(PermissionDenied):
        chosen(plan, LINK, actor=viewer)
    Plan.objects.update(state=PlanState.READY)
    with pytest.raises(ConflictError, match="frozen"):
        journey_texts.leave(plan=plan, pointer=SUBJECT, actor=teammate)
    assert plan.items.count() == 1


@pytest.mark.django_db
def test_an_export_that_is_not_there_or_too_large_is_not_searched(plan: Plan) -> None:
    assert plan.document is not None
    plan.document.size = texts.SEARCHED_BYTES + 1

    with pytest.raises(RefusedError, match=r"2\.0 MiB; texts can be searched in up to 2 MiB"):
        journey_texts.search(plan, "x")
    plan.document = None
    with pytest.raises(RefusedError, match="Read the facts again"):
        journey_texts.search(plan, "x")


def test_what_became_of_a_chosen_text_is_told() -> None:
    before = {"texts": {"/a": "one", "/b": "two", "/c": "three"}}

    assert texts.changes(before, {"texts": {"/a": "other", "/c": "three"}}) == [
        "The text at /a was “one” and is now “other”.",
        "The text at /b was “two” and is not there any more, or is asked for by itself.",
    ]


@pytest.fixture
def browser(signed_in: Callable[[User], Client], teammate: User) -> Client:
    return signed_in(teammate)


@pytest.mark.django_db
def test_a_text_is_found_chosen_shown_and_taken_out_without_script(browser: Client, plan: Plan) -> None:
    address = reverse("promotions:plan-texts", args=[plan.pk])

    search = html.unescape(browser.get(address, {"q": "spring"}).content.decode())
    page = html.unescape(browser.post(address, {"act": "choose", "pointer": LINK}, follow=True).content.decode())
    again = browser.post(address, {"act": "choose", "pointer": LINK})

    assert "2 texts" in search
    assert LINK in search
    assert PLACEHOLDER not in search
    assert "“https://shop.example.test/spring” is a value of the plan now" in page
    assert "Or type the new text" in page
    assert "Take it out of the plan" in page
    assert (again.status_code, "already" in again.content.decode()) == (409, True)
    gone = html.unescape(browser.post(address, {"act": "leave", "pointer": LINK}, follow=True).content.decode())
    assert "Take it out of the plan" not in gone
    assert "it goes as it is" in gone


@pytest.mark.django_db
def test_a_chosen_text_that_an_export_has_lost_can_be_forgotten(browser: Client, plan: Plan) -> None:
    plan.promotion.pick |= {"texts": ["/gone"]}
    plan.promotion.save()
    address = reverse("promotions:plan-texts", args=[plan.pk])

    page = browser.get(address, {"q": "winter"}).content.decode()
    browser.post(address, {"act": "leave", "pointer": "/gone"})

    assert "No text has all these words" in page
    assert "/gone" in page
    plan.promotion.refresh_from_db()
    assert "texts" not in plan.promotion.pick


@pytest.mark.django_db
def test_texts_are_found_chosen_and_taken_out_by_rest(client: Client, plan: Plan, teammate: User) -> None:
    address, headers = f"/api/v1/plans/{plan.pk}/texts/", api_headers(teammate)
    body: dict[str, Any] = {"data": {"pointer": SUBJECT}, "content_type": "application/json"}

    hits = client.get(f"{address}?q=spring", **headers).json()
    made = client.post(address, **body, **headers)
    again = client.post(address, **body, **headers)
    left = client.post(f"{address}remove/", **body, **headers)

    assert (hits["is_cut"], [hit["pointer"] for hit in hits["texts"]]) == (False, [SUBJECT, LINK])
    assert (made.status_code, made.json()["details"]["current"]) == (201, "Spring offers")
    assert again.status_code == 409
    assert (left.status_code, left.json()["facts"]) == (200, {"content": "digest"})
