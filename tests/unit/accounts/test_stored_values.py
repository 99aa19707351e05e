"""Stored values: admins set them, operators choose them by name, nobody sees them."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.errors import InUseError, RefusedError, Usage
from accounts.models import AuditEvent, IdempotentAnswer, StoredValue
from accounts.services import organizations, stored_values, usage
from tests.factories import STORED_VALUE, OrganizationFactory, StoredValueFactory, api_headers

pytestmark = pytest.mark.django_db

ANOTHER = "sk-canary-another-value-0002"


@pytest.fixture
def used(monkeypatch):
    """Registers a use of every value, as apps above do, for one test."""
    found: list[Usage] = []
    monkeypatch.setattr(usage, "_of_value", [lambda stored: list(found)])
    return found


@pytest.fixture
def stored(organization):
    return StoredValueFactory(organization=organization, name="SMS key", description="Of the messaging team")


@pytest.fixture
def call(client):
    """Calls the API in somebody's name."""

    def run(user, method, path, body=None, **headers):
        return client.generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            **api_headers(user),
            **headers,
        )

    return run


def text_of(response):
    return response.content.decode()


# Services


def test_a_value_is_stored_encrypted_and_appears_in_no_record(owner, organization):
    stored = stored_values.add(
        organization=organization, name=" SMS key ", value=STORED_VALUE, description="Ours", actor=owner
    )

    line = AuditEvent.objects.get()
    assert (stored.name, stored.set_by, stored.has_value) == ("SMS key", owner, True)
    assert STORED_VALUE not in stored.sealed
    assert stored_values.read_value(stored) == STORED_VALUE
    assert (line.verb, line.organization_id) == ("value.added", organization.pk)
    assert STORED_VALUE not in json.dumps(line.details) + line.subject_text


@pytest.mark.parametrize(
    "act",
    [
        lambda stored, actor: stored_values.add(organization=stored.organization, name="x", value="x", actor=actor),
        lambda stored, actor: stored_values.edit(stored=stored, name="x", description="", actor=actor),
        lambda stored, actor: stored_values.set_value(stored=stored, value="x", actor=actor),
        lambda stored, actor: stored_values.remove(stored=stored, actor=actor),
    ],
    ids=["add", "edit", "set_value", "remove"],
)
def test_an_operator_changes_no_value(teammate, stored, act):
    with pytest.raises(PermissionDenied, match="role admin"):
        act(stored, teammate)

    stored.refresh_from_db()
    assert (stored.name, stored_values.read_value(stored)) == ("SMS key", STORED_VALUE)
    assert StoredValue.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "SMS key"}, "name"),
        ({"name": "  "}, "name"),
        ({"value": ""}, "value"),
        ({"value": "x" * 10_001}, "value"),
    ],
)
def test_what_cannot_be_a_value_is_refused_beside_its_field(stored, change, field):
    wish = {"organization": stored.organization, "name": "Other", "value": "x", "actor": None, **change}

    with pytest.raises(RefusedError) as refusal:
        stored_values.add(**wish)

    assert refusal.value.field == field
    assert StoredValue.objects.count() == 1


def test_a_name_may_be_used_again_elsewhere_and_after_removal(stored):
    stored_values.add(organization=OrganizationFactory(), name="SMS key", value="x", actor=None)
    stored_values.remove(stored=stored, actor=None)

    again = stored_values.add(organization=stored.organization, name="SMS key", value="y", actor=None)

    assert again.pk != stored.pk
    assert StoredValue.objects.present().filter(name="SMS key").count() == 2


def test_a_renamed_value_keeps_its_secret_and_is_recorded_with_the_old_name(owner, stored):
    taken = StoredValueFactory(organization=stored.organization)

    stored_values.edit(stored=stored, name="SMS provider", description=stored.description, actor=owner)
    with pytest.raises(RefusedError, match="already") as refusal:
        stored_values.edit(stored=stored, name=taken.name, description="", actor=owner)

    stored.refresh_from_db()
    assert (stored.name, stored_values.read_value(stored)) == ("SMS provider", STORED_VALUE)
    assert refusal.value.field == "name"
    assert AuditEvent.objects.get().details == {"name": {"from": "SMS key", "to": "SMS provider"}}


def test_equal_values_of_two_names_do_not_show_as_equal(organization):
    first, second = (
        stored_values.add(organization=organization, name=name, value=STORED_VALUE, actor=None) for name in ("a", "b")
    )
    before = first.digest

    again = stored_values.set_value(stored=first, value=STORED_VALUE, actor=None)

    assert first.digest != second.digest
    assert again.digest == before


def test_a_change_that_changes_nothing_is_not_recorded(owner, stored):
    stored_values.edit(stored=stored, name=stored.name, description=stored.description, actor=owner)

    assert not AuditEvent.objects.exists()


def test_another_value_changes_the_digest_by_which_choices_know_it(owner, stored):
    before = stored.digest

    stored_values.set_value(stored=stored, value=ANOTHER, actor=owner)

    stored.refresh_from_db()
    assert stored_values.read_value(stored) == ANOTHER
    assert stored.digest != before
    assert stored.set_by == owner
    assert AuditEvent.objects.get().verb == "value.replaced"


def test_a_value_in_use_is_replaced_only_by_whoever_types_its_name(owner, stored, used):
    used += [Usage("Open plan: Welcome"), Usage("Imported once", is_blocking=False)]

    for typed in ("", "sms key", "Another"):
        with pytest.raises(InUseError, match="Type its name") as refusal:
            stored_values.set_value(stored=stored, value=ANOTHER, confirmed_name=typed, actor=owner)
        assert [found.text for found in refusal.value.usages] == ["Open plan: Welcome"]
    stored.refresh_from_db()
    kept = stored_values.read_value(stored)
    stored_values.set_value(stored=stored, value=ANOTHER, confirmed_name="SMS key", actor=owner)

    stored.refresh_from_db()
    assert (kept, stored_values.read_value(stored)) == (STORED_VALUE, ANOTHER)
    assert AuditEvent.objects.get().details == {"used_by": ["Open plan: Welcome"]}


def test_a_value_in_use_is_not_removed(owner, stored, used):
    used.append(Usage("Open plan: Welcome"))

    with pytest.raises(InUseError, match="cannot be removed"):
        stored_values.remove(stored=stored, actor=owner)

    stored.refresh_from_db()
    assert stored.has_value
    assert not AuditEvent.objects.exists()


def test_removal_erases_the_value_and_keeps_the_name_for_history(owner, stored, used):
    used.append(Usage("Imported once", is_blocking=False))

    stored_values.remove(stored=stored, reason="Revoked", actor=owner)

    stored.refresh_from_db()
    assert (stored.name, stored.sealed, stored.digest) == ("SMS key", "", "")
    assert AuditEvent.objects.get().reason == "Revoked"
    with pytest.raises(RefusedError, match="enter it again"):
        stored_values.read_value(stored)
    with pytest.raises(RefusedError, match="removed meanwhile"):
        stored_values.set_value(stored=stored, value="x", actor=owner)


def test_values_are_erased_with_their_organization(administrator, stored):
    organizations.delete_organization(organization=stored.organization, actor=administrator)

    stored.refresh_from_db()
    assert not stored.has_value
    assert not StoredValue.objects.present().exists()


# Pages


def test_no_page_and_no_error_shows_a_value(owner, organization, signed_in):
    browser = signed_in(owner)
    add = f"/settings/organizations/{organization.pk}/values/add/"
    wish = {"name": "SMS key", "value": STORED_VALUE}
    refused = browser.post(add, {**wish, "name": ""})
    added = browser.post(add, wish)
    stored = StoredValue.objects.get()
    replace = f"/settings/values/{stored.pk}/replace/"
    paths = [
        f"/settings/organizations/{organization.pk}/",
        f"/settings/organizations/{organization.pk}/values/",
        *(f"/settings/values/{stored.pk}/{page}" for page in ("", "edit/", "replace/", "remove/")),
        "/audit/",
    ]

    answers = [refused, added, browser.post(replace, {"value": ""}), browser.post(replace, {"value": ANOTHER})]
    pages = [browser.get(path) for path in paths]

    stored.refresh_from_db()
    assert [answer.status_code for answer in answers] == [422, 302, 422, 302]
    assert stored_values.read_value(stored) == ANOTHER
    for page in (*answers, *pages):
        for secret in (STORED_VALUE, ANOTHER, stored.sealed, stored.digest):
            assert secret not in text_of(page)


def test_an_operator_reads_names_and_uses_and_is_offered_no_change(teammate, stored, used, signed_in):
    used.append(Usage("Open plan: Welcome", "/promotions/1/"))
    browser = signed_in(teammate)

    listed = text_of(browser.get(f"/settings/organizations/{stored.organization_id}/values/"))
    shown = text_of(browser.get(f"/settings/values/{stored.pk}/"))

    assert "SMS key" in listed
    assert "Of the messaging team" in shown
    assert '<a href="/promotions/1/">Open plan: Welcome</a>' in shown
    for change in ("values/add/", "/edit/", "/replace/", "/remove/"):
        assert change not in listed + shown


def test_an_empty_list_says_what_values_are_for(owner, teammate, organization, signed_in):
    path = f"/settings/organizations/{organization.pk}/values/"

    for_admin, for_operator = text_of(signed_in(owner).get(path)), text_of(signed_in(teammate).get(path))

    assert "leaves its secrets out" in for_admin
    assert "leaves its secrets out" in for_operator
    assert "Add value" in for_admin
    assert "Add value" not in for_operator


def test_replacing_a_value_in_use_asks_for_its_name_on_the_page(owner, stored, used, signed_in):
    browser, path = signed_in(owner), f"/settings/values/{stored.pk}/replace/"
    unused = text_of(browser.get(path))
    used.append(Usage("Open plan: Welcome"))

    question = text_of(browser.get(path))
    # As sent by a page that was opened before anything used the value.
    late = browser.post(path, {"value": ANOTHER})
    wrong = browser.post(path, {"value": ANOTHER, "confirmed_name": "Another"})
    right = browser.post(path, {"value": ANOTHER, "confirmed_name": "SMS key"})

    stored.refresh_from_db()
    assert "confirmed_name" not in unused
    assert "Open plan: Welcome" in question
    assert "confirmed_name" in question
    assert [answer.status_code for answer in (late, wrong, right)] == [422, 422, 302]
    assert wrong.context["form"].errors["confirmed_name"][0].startswith("SMS key is chosen in what is unfinished")
    assert stored_values.read_value(stored) == ANOTHER


def test_removing_a_value_in_use_is_refused_with_what_uses_it(owner, stored, used, signed_in):
    used.append(Usage("Open plan: Welcome"))
    browser, path = signed_in(owner), f"/settings/values/{stored.pk}/remove/"

    asked, answer = browser.get(path), browser.post(path)

    stored.refresh_from_db()
    assert "Remove value" not in text_of(asked)
    assert answer.status_code == 422
    assert "Open plan: Welcome" in text_of(answer)
    assert stored.has_value


def test_an_erased_value_says_so_and_is_entered_again(owner, stored, signed_in):
    StoredValue.objects.update(sealed="", digest="", set_at=None)
    browser, path = signed_in(owner), f"/settings/values/{stored.pk}/"

    erased = text_of(browser.get(path))
    browser.post(f"{path}replace/", {"value": ANOTHER})

    stored.refresh_from_db()
    assert "The value was erased" in erased
    assert "Enter value" in erased
    assert stored_values.read_value(stored) == ANOTHER


def test_a_removed_value_has_no_page_and_is_not_listed(owner, stored, signed_in):
    browser = signed_in(owner)

    answer = browser.post(f"/settings/values/{stored.pk}/remove/", {"reason": "Revoked"})

    assert answer["Location"] == f"/settings/organizations/{stored.organization_id}/values/"
    assert browser.get(f"/settings/values/{stored.pk}/").status_code == 404
    assert "Of the messaging team" not in text_of(browser.get(answer["Location"]))


def test_values_of_another_organization_do_not_exist(stranger, stored, signed_in, call):
    browser = signed_in(stranger)

    statuses = {browser.get(f"/settings/values/{stored.pk}/{page}").status_code for page in ("", "edit/", "replace/")}

    assert statuses == {404}
    assert call(stranger, "GET", f"values/{stored.pk}/").status_code == 404
    assert call(stranger, "PUT", f"values/{stored.pk}/value/", {"value": "x"}).status_code == 404


# The REST API


def test_a_value_goes_in_over_the_api_and_never_comes_out(owner, organization, call):
    wish = {"name": "SMS key", "value": STORED_VALUE, "description": "Ours"}
    added = call(owner, "POST", f"organizations/{organization.pk}/values/", wish, headers={"Idempotency-Key": "k1"})
    pk = added.json()["id"]
    answers = [
        added,
        call(owner, "GET", f"values/{pk}/"),
        call(owner, "GET", f"organizations/{organization.pk}/values/"),
        call(owner, "PATCH", f"values/{pk}/", {"name": "Renamed"}),
        call(owner, "PUT", f"values/{pk}/value/", {"value": ANOTHER}),
        call(owner, "PUT", f"values/{pk}/value/", {"value": ""}),
        call(owner, "PUT", f"values/{pk}/value/", {"value": [STORED_VALUE]}),
        call(owner, "GET", "audit/"),
    ]

    stored = StoredValue.objects.get()
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200, 400, 400, 200]
    for text in (*map(text_of, answers), json.dumps(IdempotentAnswer.objects.get().body)):
        for secret in (STORED_VALUE, ANOTHER, stored.sealed, stored.digest):
            assert secret not in text
    assert stored_values.read_value(stored) == ANOTHER
    assert (stored.name, stored.description) == ("Renamed", "Ours")


def test_a_value_in_use_needs_its_name_over_the_api_and_is_not_deleted(owner, stored, used, call):
    used.append(Usage("Open plan: Welcome", "/promotions/1/"))

    read = call(owner, "GET", f"values/{stored.pk}/")
    refused = call(owner, "PUT", f"values/{stored.pk}/value/", {"value": ANOTHER})
    replaced = call(owner, "PUT", f"values/{stored.pk}/value/", {"value": ANOTHER, "confirmed_name": "SMS key"})
    kept = call(owner, "DELETE", f"values/{stored.pk}/", {})
    used.clear()
    deleted = call(owner, "DELETE", f"values/{stored.pk}/", {"reason": "Revoked"})

    shown = {"text": "Open plan: Welcome", "url": "/promotions/1/", "is_blocking": True}
    assert read.json()["usages"] == [shown]
    assert (refused.status_code, list(refused.json()["errors"])) == (409, ["confirmed_name"])
    assert [answer.status_code for answer in (replaced, kept, deleted)] == [200, 409, 204]
    assert call(owner, "GET", f"values/{stored.pk}/").status_code == 404


def test_further_service_urls_are_read_and_changed_over_the_api(owner, organization, call):
    own = "https://platform.adobe.io/journey/orchestration"

    before = call(owner, "GET", f"organizations/{organization.pk}/").json()["service_urls"]
    changed = call(owner, "PATCH", f"organizations/{organization.pk}/", {"service_urls": {"journeys": own}})
    renamed = call(owner, "PATCH", f"organizations/{organization.pk}/", {"name": "Acme Ltd"})
    refused = call(owner, "PATCH", f"organizations/{organization.pk}/", {"service_urls": {"trips": own}})
    wishes: list[Any] = ["journeys", [], None, {"journeys": 7}, {"journeys": None}, {"journeys": {}}]
    odd = [
        call(owner, "PATCH", f"organizations/{organization.pk}/", {"service_urls": wish}).status_code for wish in wishes
    ]

    assert before["journeys"] == "https://journey.adobe.io/authoring"
    assert changed.json()["service_urls"] == renamed.json()["service_urls"] == {**before, "journeys": own}
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["service_urls.trips"])
    assert odd == [400] * 6


def test_the_openapi_document_answers_no_value(client, owner):
    document = client.get(reverse("api-schema"), HTTP_ACCEPT="application/json").json()

    answered = document["components"]["schemas"]["StoredValueDetail"]["properties"]
    assert {"/api/v1/organizations/{id}/values/", "/api/v1/values/{id}/value/"} <= set(document["paths"])
    assert set(answered) == {
        "id", "organization", "name", "description", "has_value", "created_at", "set_at", "set_by", "usages",
    }  # fmt: skip
