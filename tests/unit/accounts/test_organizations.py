"""Organizations: what may be entered, what a changed URL erases, what keeps one from being deleted."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.errors import ErasureNotConfirmedError, InUseError, RefusedError, Usage
from accounts.models import AccessToken, AuditEvent, Credential, Organization
from accounts.services import audit, organizations, usage
from tests.factories import CredentialFactory, OrganizationFactory, StoredValueFactory

pytestmark = pytest.mark.django_db

REMOTE_ID = "0123456789ABCDEF01234567@AdobeOrg"


def create(actor=None, **changes):
    return organizations.create_organization(**{"name": "Acme", "remote_id": REMOTE_ID, "actor": actor, **changes})


def update(organization, actor=None, **changes):
    return organizations.update_organization(
        **{
            "organization": organization,
            "name": organization.name,
            "is_production": organization.is_production,
            "region": organization.region,
            "ims_url": organization.ims_url,
            "platform_url": organization.platform_url,
            "actor": actor,
            **changes,
        }
    )


@pytest.fixture
def used(monkeypatch):
    """Registers a use of every organization, as apps above do, for one test."""
    found: list[Usage] = []
    monkeypatch.setattr(usage, "_of_organization", [lambda organization: list(found)])
    return found


def test_an_administrator_adds_an_organization_at_the_vendor_s_hosts(administrator):
    organization = create(administrator)

    assert organization.platform_url == "https://platform.adobe.io"
    assert organization.ims_url == "https://ims-na1.adobelogin.com"
    event = AuditEvent.objects.get()
    assert (event.verb, event.organization_id) == (audit.Verb.ORGANIZATION_CREATED, organization.pk)


def test_nobody_else_adds_one(owner):
    with pytest.raises(PermissionDenied):
        create(owner)

    assert Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("remote_id", "reason"),
    [
        ("0123456789ABCDEF01234567@techacct.adobe.com", "technical account id"),
        ("0123456789ABCDEF01234567", "24 characters"),
        ("0123456789ABCDEF0123456@AdobeOrg", "24 characters"),
        ("G123456789ABCDEF01234567@AdobeOrg", "24 characters"),
        (f"{REMOTE_ID}@AdobeOrg", "24 characters"),
        ("", "Enter the organization id"),
    ],
)
def test_what_cannot_be_an_organization_id_is_refused(remote_id, reason):
    with pytest.raises(RefusedError, match=reason) as refusal:
        create(remote_id=remote_id)

    assert refusal.value.field == "remote_id"


def test_blanks_around_an_organization_id_are_dropped():
    assert create(remote_id=f" {REMOTE_ID}\n").remote_id == REMOTE_ID


def test_the_same_organization_is_not_added_twice():
    create()

    with pytest.raises(RefusedError, match="there already"):
        create(name="Acme again")

    assert Organization.objects.count() == 1


def test_a_deleted_organization_may_be_added_again():
    organizations.delete_organization(organization=create(), actor=None)

    assert create().pk != Organization.objects.exclude(deleted_at=None).get().pk


@pytest.mark.parametrize("field", ["ims_url", "platform_url"])
def test_a_url_off_the_allow_list_is_refused(field):
    with pytest.raises(RefusedError, match="not among the hosts") as refusal:
        create(**{field: "https://evil-adobe.io"})

    assert refusal.value.field == field
    assert not Organization.objects.exists()


@pytest.mark.parametrize("field", ["ims_url", "platform_url"])
def test_another_url_erases_the_secrets_only_after_confirmation(field):
    credential = CredentialFactory()
    AccessToken.objects.create(credential=credential, ciphertext="x")
    organization = credential.organization

    with pytest.raises(ErasureNotConfirmedError, match=credential.name) as refusal:
        update(organization, **{field: "https://other.adobe.io"})

    credential.refresh_from_db()
    assert refusal.value.credentials == [credential.name]
    assert credential.has_secret
    assert AccessToken.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("field", ["ims_url", "platform_url"])
def test_a_confirmed_change_of_url_erases_secrets_and_tokens(field):
    credential, other = CredentialFactory(), CredentialFactory()
    AccessToken.objects.create(credential=credential, ciphertext="x")

    update(credential.organization, **{field: "https://other.adobe.io"}, is_erasure_confirmed=True)

    credential.refresh_from_db()
    other.refresh_from_db()
    assert credential.secrets == ""
    assert "service URL changed" in credential.problem
    assert not AccessToken.objects.exists()
    assert other.has_secret
    assert AuditEvent.objects.get().details["erased"] == [credential.name]


# Further services


def test_only_what_differs_from_the_default_is_kept_of_a_further_service():
    own = create(service_urls={"journeys": "https://platform.adobe.io//journey/orchestration/"})
    usual = create(remote_id="1" + REMOTE_ID[1:], service_urls={"journeys": "https://journey.adobe.io/authoring/"})

    assert own.service_urls == {"journeys": "https://platform.adobe.io/journey/orchestration"}
    assert usual.service_urls == {}
    assert usual.service_url("journeys") == "https://journey.adobe.io/authoring"
    assert AuditEvent.objects.earliest("pk").details["journeys_url"] == own.service_url("journeys")


@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("journeys", "https://evil-adobe.io/authoring", "not among the hosts"),
        ("journeys", "https://journey.adobe.io/authoring?x", "from"),
        ("journeys", f"https://journey.adobe.io/{'a' * 300}", "at most 300"),
        ("campaigns", "https://journey.adobe.io", "no service campaigns"),
    ],
)
def test_a_further_service_that_cannot_be_is_refused_beside_its_name(name, url, reason):
    with pytest.raises(RefusedError, match=reason) as refusal:
        create(service_urls={name: url})

    assert refusal.value.field == f"service_urls.{name}"
    assert not Organization.objects.exists()


def test_another_url_of_a_further_service_erases_secrets_and_stored_values_once_confirmed():
    credential = CredentialFactory()
    organization = credential.organization
    stored = StoredValueFactory(organization=organization, name="SMS key")
    other = StoredValueFactory()
    wish = {"service_urls": {"journeys": "https://platform.adobe.io/journey/orchestration"}}

    with pytest.raises(ErasureNotConfirmedError, match=f"{credential.name}, the value “SMS key”"):
        update(organization, **wish)
    kept = stored.__class__.objects.get(pk=stored.pk).has_value
    update(organization, **wish, is_erasure_confirmed=True)

    for row in (credential, stored, other):
        row.refresh_from_db()
    assert kept
    assert (credential.has_secret, stored.has_value, other.has_value) == (False, False, True)
    assert (stored.digest, stored.set_at) == ("", None)
    details = AuditEvent.objects.get().details
    assert details["erased"] == [credential.name, "the value “SMS key”"]
    assert details["journeys_url"] == {
        "from": "https://journey.adobe.io/authoring",
        "to": "https://platform.adobe.io/journey/orchestration",
    }


def test_a_further_service_goes_back_to_its_default_and_stays_where_it_is_not_named():
    organization = OrganizationFactory(service_urls={"journeys": "https://other.adobe.io/authoring"})

    update(organization, name="Acme Ltd")
    organization.refresh_from_db()
    kept = organization.service_url("journeys")
    update(organization, service_urls={"journeys": ""})

    organization.refresh_from_db()
    assert kept == "https://other.adobe.io/authoring"
    assert organization.service_urls == {}
    assert AuditEvent.objects.latest("pk").details["journeys_url"]["to"] == "https://journey.adobe.io/authoring"


def test_the_same_url_in_another_form_erases_nothing():
    credential = CredentialFactory()

    update(credential.organization, platform_url="https://PLATFORM.adobe.io:443/")

    credential.refresh_from_db()
    assert credential.has_secret
    assert not AuditEvent.objects.exists()


def test_a_new_name_erases_nothing_and_is_recorded_with_the_old_one(owner, organization):
    CredentialFactory(organization=organization)

    update(organization, owner, name="Acme Ltd")

    assert Credential.objects.get().has_secret
    assert AuditEvent.objects.get().details == {"name": {"from": "Acme", "to": "Acme Ltd"}}


def test_an_operator_changes_nothing(teammate, organization):
    with pytest.raises(PermissionDenied):
        update(organization, teammate, name="Mine")

    organization.refresh_from_db()
    assert organization.name == "Acme"


def test_deletion_is_refused_while_something_unfinished_needs_it(used):
    organization = OrganizationFactory()
    used += [Usage("Import of Loyalty into prod", "/jobs/1/"), Usage("An old promotion", is_blocking=False)]

    with pytest.raises(InUseError) as refusal:
        organizations.delete_organization(organization=organization, actor=None)

    organization.refresh_from_db()
    assert [found.text for found in refusal.value.usages] == ["Import of Loyalty into prod"]
    assert organization.deleted_at is None


def test_deletion_keeps_the_row_and_erases_the_secrets(used, administrator):
    credential = CredentialFactory()
    used.append(Usage("An old promotion", is_blocking=False))

    organizations.delete_organization(organization=credential.organization, reason="sold", actor=administrator)

    credential.refresh_from_db()
    assert credential.secrets == ""
    assert credential.organization.deleted_at is not None
    assert not Organization.objects.visible_to(administrator).exists()
    assert AuditEvent.objects.get().reason == "sold"


def test_a_second_deletion_changes_nothing():
    organization = OrganizationFactory()
    organizations.delete_organization(organization=organization, actor=None)

    organizations.delete_organization(organization=organization, actor=None)

    assert AuditEvent.objects.count() == 1


def test_an_admin_of_the_organization_does_not_delete_it(owner, organization):
    with pytest.raises(PermissionDenied):
        organizations.delete_organization(organization=organization, actor=owner)

    organization.refresh_from_db()
    assert organization.deleted_at is None
