"""Which revision of its contract a further service of an organization speaks."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts import remote_services
from accounts.errors import ErasureNotConfirmedError, RefusedError
from accounts.models import AuditEvent, Organization
from accounts.remote_services import Dialect, RemoteService
from accounts.services import connections, organizations
from tests.factories import CredentialFactory, OrganizationFactory, StoredValueFactory, api_headers

pytestmark = pytest.mark.django_db

CURRENT, FIRST = "https://offers.adobe.io", "https://platform.adobe.io/offers"
OWN = "https://offers-stage.adobe.io/v4"
REMOTE_ID = "0123456789ABCDEF01234567@AdobeOrg"


@pytest.fixture(autouse=True)
def offers(monkeypatch):
    """A service with two dialects, for one test."""
    service = RemoteService(
        name="offers",
        label="Offer service URL",
        allows_path=True,
        dialects=(Dialect("r4", "Workflows (current)", CURRENT), Dialect("r1", "First revision", FIRST)),
    )
    monkeypatch.setattr(remote_services, "_services", {**remote_services._services, "offers": service})
    return service


def update(organization, **changes):
    kept = {
        name: getattr(organization, name) for name in ("name", "is_production", "region", "ims_url", "platform_url")
    }
    return organizations.update_organization(organization=organization, actor=None, **{**kept, **changes})


def places(organization):
    organization.refresh_from_db()
    return organization.service_dialect("offers"), organization.service_url("offers")


def test_without_a_choice_the_first_dialect_is_spoken_at_its_url(offers):
    organization = OrganizationFactory()

    assert (offers.default, *places(organization)) == (CURRENT, "r4", CURRENT)
    assert organization.service_dialect("journeys") == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"default": FIRST}, "not the one of its first dialect"),
        ({"dialects": (Dialect("r4", "One", CURRENT), Dialect("r4", "Two", FIRST))}, "one name"),
        ({"dialects": ()}, "no default URL"),
    ],
)
def test_a_service_whose_defaults_contradict_each_other_is_not_made(offers, changes, reason):
    with pytest.raises(ValueError, match=reason):
        RemoteService(**{"name": "x", "label": "X", "dialects": offers.dialects, **changes})


def test_a_new_organization_keeps_only_what_differs_from_its_dialect_and_the_record_tells_of_it():
    urls, dialects = {"offers": FIRST}, {"offers": "r1"}

    organization = organizations.create_organization(
        name="Acme", remote_id=REMOTE_ID, service_urls=urls, service_dialects=dialects, actor=None
    )

    assert (organization.service_urls, organization.service_dialects) == ({}, {"offers": "r1"})
    details = AuditEvent.objects.get().details
    assert (details["offers_dialect"], details["offers_url"]) == ("r1", FIRST)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"offers": "r9"}, r"no dialect r9\. Choose r4 or r1"),
        ({"journeys": "r4"}, "none to choose from"),
        ({"trips": "r4"}, "no service trips"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused_by_name(wish, reason):
    organization = OrganizationFactory()

    with pytest.raises(RefusedError, match=reason) as refusal:
        update(organization, service_dialects=wish)

    organization.refresh_from_db()
    assert refusal.value.field == f"service_dialects.{next(iter(wish))}"
    assert organization.service_dialects == {}
    assert not AuditEvent.objects.exists()


def test_another_dialect_moves_the_service_and_erases_secrets_once_confirmed():
    credential = CredentialFactory()
    organization = credential.organization
    stored = StoredValueFactory(organization=organization)
    wish = {"service_dialects": {"offers": "r1"}}

    with pytest.raises(ErasureNotConfirmedError, match=credential.name):
        update(organization, **wish)
    before = places(organization)
    update(organization, **wish, is_erasure_confirmed=True)

    credential.refresh_from_db()
    stored.refresh_from_db()
    assert before == ("r4", CURRENT)
    assert places(organization) == ("r1", FIRST)
    assert (credential.has_secret, stored.has_value) == (False, False)
    details = AuditEvent.objects.get().details
    assert details["offers_dialect"] == {"from": "r4", "to": "r1"}
    assert details["offers_url"] == {"from": CURRENT, "to": FIRST}
    assert credential.name in details["erased"]


@pytest.mark.parametrize("url", [OWN, FIRST])
def test_another_dialect_at_the_same_url_erases_nothing(url):
    credential = CredentialFactory(organization=OrganizationFactory(service_urls={"offers": url}))
    organization = credential.organization

    update(organization, service_dialects={"offers": "r1"})

    credential.refresh_from_db()
    assert credential.has_secret
    assert places(organization) == ("r1", url)
    assert organization.service_urls == ({"offers": OWN} if url == OWN else {})
    assert AuditEvent.objects.get().details == {"offers_dialect": {"from": "r4", "to": "r1"}}


def test_an_empty_dialect_is_the_first_again_and_one_that_is_not_named_stays():
    organization = OrganizationFactory(service_dialects={"offers": "r1"})

    update(organization, name="Acme Ltd")
    kept = places(organization)
    update(organization, service_dialects={"offers": ""})

    assert kept == ("r1", FIRST)
    assert places(organization) == ("r4", CURRENT)
    assert organization.service_dialects == {}


def test_a_connection_leads_to_the_url_of_the_chosen_dialect():
    organization = CredentialFactory(
        is_primary=True, organization=OrganizationFactory(service_dialects={"offers": "r1"})
    ).organization

    with connections.connect(organization, service="offers") as connection:
        assert connection.base_url == FIRST


# Faces


def test_the_form_moves_a_service_by_its_revision_alone_and_the_page_tells_of_it(owner, organization, signed_in):
    credential = CredentialFactory(organization=organization)
    browser = signed_in(owner)
    edit = reverse("accounts:organization-edit", args=[organization.pk])
    shown = browser.get(edit).context["form"]
    entered = {field.html_name: field.value() or "" for field in shown}
    wish = {**entered, "service_dialects.offers": "r1"}

    unknown = browser.post(edit, {**wish, "service_dialects.offers": "r9"})
    asked = browser.post(edit, wish)
    untouched = places(organization)
    saved = browser.post(edit, {**wish, "is_erasure_confirmed": "on"})
    page = browser.get(reverse("accounts:organization-detail", args=[organization.pk])).content.decode()

    assert (entered["service_dialects.offers"], entered["service_urls.offers"]) == ("r4", "")
    assert (unknown.status_code, list(unknown.context["form"].errors)) == (422, ["service_dialects.offers"])
    assert asked.status_code == 422
    assert credential.name in asked.content.decode()
    assert '<option value="r1" selected>' in asked.content.decode()
    assert untouched == ("r4", CURRENT)
    assert saved.status_code == 302
    assert places(organization) == ("r1", FIRST)
    assert "Offer service revision" in page
    assert "First revision" in page
    assert FIRST in page


def test_dialects_are_read_and_changed_over_the_api(owner, organization, client):
    def call(method, body=None):
        return client.generic(
            method,
            f"/api/v1/organizations/{organization.pk}/",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            **api_headers(owner),
        )

    before = call("GET").json()
    changed = call("PATCH", {"service_dialects": {"offers": "r1"}}).json()
    refused = call("PATCH", {"service_dialects": {"offers": "r9"}})
    odd = [call("PATCH", {"service_dialects": wish}).status_code for wish in ("r1", ["r1"], {"offers": None})]

    assert before["service_dialects"]["offers"] == "r4"
    assert "journeys" not in before["service_dialects"]
    assert (changed["service_dialects"]["offers"], changed["service_urls"]["offers"]) == ("r1", FIRST)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["service_dialects.offers"])
    assert odd == [400, 400, 400]


def test_the_command_sets_dialects_from_options_and_from_a_document(tmp_path):
    own = {"name": "Acme", "remote_id": REMOTE_ID}
    described = {"name": "Globex", "ims_org_id": f"1{REMOTE_ID[1:]}", "credentials": []}
    source = tmp_path / "organizations.json"
    document = {"base_url": "https://platform.adobe.io", "organizations": [described]}

    call_command("add_organization", **own, service_dialect=["offers=r1"], service_url=[f"offers={OWN}"])
    source.write_text(json.dumps({**document, "service_dialects": {"offers": "r1"}}), encoding="utf-8")
    call_command("add_organization", from_json=str(source))

    assert places(Organization.objects.get(name="Acme")) == ("r1", OWN)
    assert places(Organization.objects.get(name="Globex")) == ("r1", FIRST)


@pytest.mark.parametrize(("text", "reason"), [("offers", "with its dialect"), ("offers=r9", "no dialect r9")])
def test_the_command_refuses_a_dialect_that_cannot_be_with_a_sentence(text, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("add_organization", name="Acme", remote_id=REMOTE_ID, service_dialect=[text])

    assert not Organization.objects.exists()
