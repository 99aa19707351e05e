"""Planning changes of the life of API versions in the browser, and what their plans and runs show."""

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.api_choices import LifecycleAct
from promotions.choices import JobState, PlanState
from promotions.models import ApiVersion, Plan, Promotion
from promotions.systems.base import system
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.acts import Act
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory
from tests.factories_apis import ApiVersionFactory, LifecycleFactory
from tests.factories_promotions import JobFactory, PlanFactory

SignIn = Callable[[User], Client]
ADDRESS = reverse("promotions:api-lifecycle")
SPEC = json.dumps({"openapi": "3.0.0", "paths": {}})

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment() -> Organization:
    organization: Organization = SnapLogicOrganizationFactory(name="Integration dev", remote_id="acme-dev")
    return organization


@pytest.fixture
def operator(environment: Organization) -> User:
    user: User = MembershipFactory(organization=environment, role=Role.OPERATOR).user
    return user


@pytest.fixture
def browser(signed_in: SignIn, operator: User) -> Client:
    return signed_in(operator)


@pytest.fixture
def orders(environment: Organization) -> ApiVersion:
    row: ApiVersion = ApiVersionFactory(organization=environment, api="orders", version="1.2")
    return row


def plan(browser: Client, act: str, *rows: ApiVersion, **fields: Any) -> Any:
    return browser.post(ADDRESS, {"act": act, "version": [row.pk for row in rows], **fields})


def words_of(answer: Any) -> str:
    return unescape(answer.content.decode())


def act_of_only_promotion() -> Act:
    return Act.of(Promotion.objects.get())


# What there is to fill in


@pytest.mark.parametrize(
    ("act", "field"),
    [
        ("publish", "contact_email"),
        ("publish", "spec"),
        ("publish", "auto_approve"),
        ("deprecate", "message"),
        ("retire", "is_known_final"),
    ],
)
def test_each_act_asks_for_what_the_platform_is_told(browser: Client, orders: ApiVersion, act: str, field: str) -> None:
    html = words_of(browser.get(f"{ADDRESS}?act={act}&version={orders.pk}"))

    assert f'name="{field}"' in html
    assert "orders 1.2" in html


@pytest.mark.parametrize(
    ("act", "words"),
    [("", "Choose what to do"), ("explode", "Choose what to do"), ("retire", "Tick the versions to be retired first")],
)
def test_without_an_act_or_a_version_the_list_says_what_is_missing(browser: Client, act: str, words: str) -> None:
    answer = browser.get(ADDRESS, {"act": act}, follow=True)

    assert words in words_of(answer)


def test_versions_of_two_environments_are_refused(browser: Client, operator: User, orders: ApiVersion) -> None:
    other = ApiVersionFactory()
    MembershipFactory(user=operator, organization=other.organization, role=Role.OPERATOR)

    answer = browser.get(ADDRESS, {"act": "retire", "version": [orders.pk, other.pk]}, follow=True)

    assert "Tick versions of one environment" in words_of(answer)


def test_two_versions_are_not_published_together(
    browser: Client, environment: Organization, orders: ApiVersion
) -> None:
    other = ApiVersionFactory(organization=environment)

    answer = browser.get(ADDRESS, {"act": "publish", "version": [orders.pk, other.pk]}, follow=True)

    assert "Publish one version at a time" in words_of(answer)
    assert answer.redirect_chain[0][0].endswith(f"?organization={environment.pk}")


@pytest.mark.parametrize("method", ["get", "post"])
def test_one_unknown_version_among_others_is_not_found(browser: Client, orders: ApiVersion, method: str) -> None:
    theirs = ApiVersionFactory()

    answer = getattr(browser, method)(ADDRESS, {"act": "unpublish", "version": [orders.pk, theirs.pk]})

    assert answer.status_code == 404
    assert not Promotion.objects.exists()


def test_one_version_of_which_one_only_reads_refuses_all(browser: Client, operator: User, orders: ApiVersion) -> None:
    read = ApiVersionFactory()
    MembershipFactory(user=operator, organization=read.organization, role=Role.VIEWER)

    assert plan(browser, "unpublish", orders, read).status_code == 403


def test_versions_that_the_act_does_not_fit_are_named_with_a_way_on(
    browser: Client, environment: Organization, orders: ApiVersion
) -> None:
    retired = ApiVersionFactory(organization=environment, api="payments", state="retired")

    html = words_of(browser.get(ADDRESS, {"act": "deprecate", "version": [orders.pk, retired.pk]}))

    assert "Not all of them can be deprecated" in html
    assert f"?act=deprecate&version={orders.pk}" in html
    assert "Plan it" not in html


def test_a_version_that_left_its_state_meanwhile_is_refused(browser: Client, orders: ApiVersion) -> None:
    ApiVersion.objects.filter(pk=orders.pk).update(state="retired")

    answer = plan(browser, "unpublish", orders)

    assert answer.status_code == 422
    assert "cannot be unpublished from there" in words_of(answer)
    assert not Promotion.objects.exists()


# What is planned


def test_deprecating_carries_the_message(browser: Client, environment: Organization, orders: ApiVersion) -> None:
    other = ApiVersionFactory(organization=environment, api="payments", version="1")

    answer = plan(browser, "deprecate", orders, other, message="Use 2.0.")

    promotion = Promotion.objects.get()
    assert answer["Location"] == reverse("promotions:promotion-detail", args=[promotion.pk])
    act = Act.of(promotion)
    assert (act.message, set(act.versions)) == ("Use 2.0.", {("orders", "1.2"), ("payments", "1")})


def test_unpublishing_needs_nothing_besides(browser: Client, orders: ApiVersion) -> None:
    assert plan(browser, "unpublish", orders).status_code == 302


def test_retiring_needs_the_tick(browser: Client, orders: ApiVersion) -> None:
    refused = plan(browser, "retire", orders)

    assert refused.status_code == 422
    assert "stays so for good" in words_of(refused)
    assert not Promotion.objects.exists()
    assert plan(browser, "retire", orders, is_known_final="on").status_code == 302


def test_publishing_carries_contact_rules_and_document(browser: Client, orders: ApiVersion) -> None:
    plan(browser, "publish", orders, contact_email="api@example.com", spec=SPEC, allow_subscriptions="on")

    act = act_of_only_promotion()
    assert (act.contact_email, act.spec, act.is_yaml) == ("api@example.com", SPEC, False)
    assert (act.allow_subscriptions, act.auto_approve) == (True, False)


@pytest.mark.parametrize(
    ("file_name", "content", "chosen", "is_yaml"),
    [
        ("a.json", SPEC, "", False),
        ("a.YML", "openapi: 3.0.0", "", True),
        ("a.yaml", SPEC, "", True),  # JSON is YAML too
        ("a.txt", SPEC, "", False),
        ("a.txt", "openapi: 3.0.0", "", True),
        ("a.json", "openapi: 3.0.0", "yaml", True),
    ],
)
def test_the_format_of_a_file_is_found_out_or_chosen(
    browser: Client, orders: ApiVersion, file_name: str, content: str, chosen: str, is_yaml: bool
) -> None:
    file = SimpleUploadedFile(file_name, b"\xef\xbb\xbf" + content.encode())

    plan(browser, "publish", orders, contact_email="api@example.com", file=file, format=chosen)

    act = act_of_only_promotion()
    assert (act.spec, act.is_yaml) == (content, is_yaml)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"spec": SPEC, "contact_email": "nobody"}, "contact_email", "valid email address"),
        ({}, "spec", "Paste or upload it"),
        ({"spec": "{nope"}, "spec", "is not JSON"),
        ({"spec": SPEC, "file": SimpleUploadedFile("a.json", b"{}")}, "file", "not both"),
        ({"file": SimpleUploadedFile("a.json", b"\xff\xfe\x00")}, "file", "no text in UTF-8"),
        ({"file": SimpleUploadedFile("a.yaml", b"a: b\x00")}, "file", "null characters"),
        ({"file": SimpleUploadedFile("a.yaml", b"")}, "file", "empty"),
    ],
)
def test_what_cannot_be_published_is_refused_at_its_field(
    browser: Client, orders: ApiVersion, fields: dict[str, Any], field: str, words: str
) -> None:
    for value in fields.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)

    answer = plan(browser, "publish", orders, **{"contact_email": "api@example.com", **fields})

    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert words in " ".join(errors.get(field, []))
    assert not Promotion.objects.exists()


# Plans and runs


def test_the_plan_shows_what_goes_along(browser: Client, orders: ApiVersion) -> None:
    told = {"act": "publish", "message": "", "contact_email": "api@example.com", "spec": SPEC}
    promotion = LifecycleFactory(row=orders)
    Promotion.objects.filter(pk=promotion.pk).update(pick={**promotion.pick, **told})
    Plan.objects.filter(pk=PlanFactory(promotion=promotion, facts={}).pk).update(state=PlanState.OPEN)

    html = words_of(browser.get(reverse("promotions:promotion-detail", args=[promotion.pk])))

    assert "No call of the platform tells the state of a version" in html
    assert "api@example.com" in html
    assert SPEC in html


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (LifecycleAct.RETIRE, "What is retired cannot be taken back:"),
        (LifecycleAct.DEPRECATE, "What is deprecated may not be possible to take back:"),
        (LifecycleAct.UNPUBLISH, ""),
    ],
)
def test_whoever_agrees_is_told_what_is_final(orders: ApiVersion, act: LifecycleAct, words: str) -> None:
    plan = PlanFactory(promotion=LifecycleFactory(row=orders, act=act))
    found = system(plan.promotion.system)

    told, final = found.what_is_final(plan, [])

    assert told == words
    assert final == ([str(orders)] if words else [])
    assert ("This is final" in found.what_happens(plan.promotion, [])) == (act == LifecycleAct.RETIRE)


def test_the_run_shows_the_versions_as_they_are_known_now(
    browser: Client, environment: Organization, orders: ApiVersion
) -> None:
    promotion = LifecycleFactory(row=orders)
    frozen = PlanFactory(promotion=promotion, state=PlanState.READY, frozen_at=timezone.now(), facts={})
    job = JobFactory(
        organization=environment,
        sandbox=promotion.target_sandbox,
        kind=kinds.LIFECYCLE,
        promotion=promotion,
        plan=frozen,
        state=JobState.FAILED,
        submit_count=1,
    )

    html = words_of(browser.get(reverse("promotions:job-detail", args=[job.pk])))

    assert reverse("promotions:api-version-detail", args=[orders.pk]) in html
    assert 'data-state="unknown"' in html


def test_places_that_several_systems_share_are_told_apart(browser: Client) -> None:
    html = words_of(browser.get(reverse("promotions:promotion-list")))

    assert html.count(">APIs</a>") == 0
    assert ">API life cycle</a>" in html
