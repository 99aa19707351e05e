"""What expires is told at 14, 7 and 1 days, to those who can do something about it, once each."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Credential, Notice
from accounts.services import notices
from promotions.choices import PackageStatus
from promotions.models import Package
from promotions.tasks import warn_of_expiries
from tests.factories import CredentialFactory, MembershipFactory
from tests.factories_promotions import PackageFactory

NOON = datetime(2027, 3, 1, 12, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def clock(monkeypatch):
    """Sets the time that the routine sees."""

    def at(days=0, hours=0):
        now = NOON + timedelta(days=days, hours=hours)
        monkeypatch.setattr(timezone, "now", lambda: now)

    at()
    return at


def after(days):
    return NOON + timedelta(days=days)


def told(person):
    return sorted(Notice.objects.listed_for(person).filter(settled_at=None).values_list("text", flat=True))


def test_a_credential_is_told_at_each_step_once_even_after_being_read(organization, owner, clock):
    CredentialFactory(organization=organization, name="CI", expires_at=after(20))
    made = []

    for days in (0, 5, 6, 7, 10, 13, 14, 18, 19, 20):
        clock(days=days)
        for _ in range(2):
            warn_of_expiries()
            notices.mark_all_read(person=owner)
        made.append(Notice.objects.filter(person=owner).count())

    assert made == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    assert told(owner) == ["Credential “CI” of Acme expires on 21 March 2027"]


def test_credentials_are_told_to_admins_only(organization, owner, teammate, stranger, clock):
    credential = CredentialFactory(organization=organization, expires_at=after(3))

    warn_of_expiries()

    notice = Notice.objects.get()
    assert (notice.person, notice.url) == (owner, f"/settings/credentials/{credential.pk}/")
    assert notice.key == f"credential:{credential.pk}:2027-03-04:7"


def test_without_an_admin_the_administrators_are_told(organization, teammate, administrator, clock):
    CredentialFactory(organization=organization, expires_at=after(3))

    warn_of_expiries()

    assert [notice.person for notice in Notice.objects.all()] == [administrator]


def test_packages_are_told_to_operators_and_above(organization, owner, teammate, stranger, clock):
    viewer = MembershipFactory(organization=organization, role=Role.VIEWER).user
    PackageFactory(organization=organization, name="Loyalty", expires_at=after(7))

    warn_of_expiries()

    assert told(owner) == told(teammate) == ["Package “Loyalty” of Acme expires on 8 March 2027"]
    assert told(viewer) == told(stranger) == []


def test_many_packages_of_one_day_make_one_notice(organization, teammate, clock):
    PackageFactory.create_batch(30, organization=organization, expires_at=after(7))

    warn_of_expiries()
    clock(hours=6)
    warn_of_expiries()

    notice = Notice.objects.get()
    assert notice.text == "30 packages of Acme expire on 8 March 2027"
    assert notice.detail.count("\n- ") == 20
    assert notice.detail.endswith("and 10 more")
    assert notice.url == f"/packages/?organization={organization.pk}&expiry=14"


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_at": after(15)},
        {"expires_at": after(-1)},
        {"expires_at": None},
        {"vanished_at": NOON},
        {"status": PackageStatus.DRAFT},
    ],
)
def test_nothing_is_told_of_packages_that_no_longer_or_not_yet_matter(organization, teammate, clock, fields):
    PackageFactory(organization=organization, **{"expires_at": after(3), **fields})

    warn_of_expiries()

    assert told(teammate) == []


def test_an_expired_credential_stays_told_of_until_it_is_renewed(organization, owner, clock):
    credential = CredentialFactory(organization=organization, name="CI", expires_at=after(1))
    warn_of_expiries()
    clock(days=5)
    warn_of_expiries()
    expired = told(owner)
    Credential.objects.filter(pk=credential.pk).update(expires_at=after(365))

    warn_of_expiries()

    assert expired == ["Credential “CI” of Acme expires on 2 March 2027"]
    assert told(owner) == []


def test_a_renewed_credential_is_told_of_anew(organization, owner, clock):
    credential = CredentialFactory(organization=organization, name="CI", expires_at=after(3))
    warn_of_expiries()
    Credential.objects.filter(pk=credential.pk).update(expires_at=after(4))

    warn_of_expiries()

    assert told(owner) == ["Credential “CI” of Acme expires on 5 March 2027"]


def test_a_package_that_vanished_for_a_while_is_not_told_twice(organization, teammate, clock):
    package = PackageFactory(organization=organization, expires_at=after(3))
    warn_of_expiries()
    Package.objects.filter(pk=package.pk).update(vanished_at=NOON)
    warn_of_expiries()
    gone = told(teammate)
    Package.objects.filter(pk=package.pk).update(vanished_at=None)

    warn_of_expiries()

    assert gone == []
    assert Notice.objects.filter(person=teammate).count() == 1


def test_a_deleted_organization_is_told_of_no_more(organization, owner, clock):
    CredentialFactory(organization=organization, expires_at=after(3))
    organization.deleted_at = NOON
    organization.save()

    warn_of_expiries()

    assert not Notice.objects.exists()


def test_a_round_costs_the_same_for_many_packages_of_a_day(
    organization, teammate, clock, django_assert_max_num_queries
):
    PackageFactory.create_batch(2, organization=organization, expires_at=after(7))
    with django_assert_max_num_queries(25) as spent:
        warn_of_expiries()
    Notice.objects.all().delete()
    PackageFactory.create_batch(50, organization=organization, expires_at=after(7))

    with django_assert_max_num_queries(len(spent.captured_queries)):
        warn_of_expiries()

    assert Notice.objects.get().text.startswith("52 packages")
