"""What the other side is called, whichever answer of the platform tells its name."""

import pytest

from accounts.models import Organization
from promotions.models import Partnership, SharingLeg, Transfer
from promotions.services import partner_names, sharing, transfers
from tests.factories import OrganizationFactory
from tests.factories_promotions import PackageFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, SharingRequestFactory, TransferFactory
from tests.unit.promotions.remote_sharing import OWN_ID, remote_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    organization: Organization = OrganizationFactory(name="Acme", remote_id=OWN_ID)
    return organization


def test_a_transfer_that_names_nobody_is_called_as_the_partnership_calls_the_partner(acme: Organization) -> None:
    PartnershipFactory(organization=acme, partner_name="Northwind")

    [transfer] = transfers.apply(acme, [remote_transfer(target_name="")])

    assert transfer.partner == "Northwind"


def test_the_name_that_the_platform_tells_of_a_transfer_counts(acme: Organization) -> None:
    PartnershipFactory(organization=acme, partner_name="Northwind")

    [transfer] = transfers.apply(acme, [remote_transfer(target_name="Northwind Traders")])

    assert transfer.partner == "Northwind Traders"


def test_names_that_become_known_later_are_filled_in_everywhere(acme: Organization) -> None:
    TransferFactory(package=PackageFactory(organization=acme), partner_name="")
    SharingRequestFactory(package=PackageFactory(organization=acme))
    TransferFactory(package=PackageFactory(organization=acme), partner_name="", partner_id="other@AdobeOrg")
    partner_names.fill(acme)
    before = Transfer.objects.filter(partner_name="").count(), SharingLeg.objects.filter(partner_name="").count()
    PartnershipFactory(organization=acme, partner_name="Northwind")

    partner_names.fill(acme)

    assert before == (2, 1)
    assert Transfer.objects.get(partner_id=PARTNER_ID).partner == "Northwind"
    assert SharingLeg.objects.get().partner == "Northwind"
    assert Transfer.objects.get(partner_id="other@AdobeOrg").partner == "other@AdobeOrg"


def test_the_name_that_another_organization_knows_stays_there(acme: Organization) -> None:
    PartnershipFactory(partner_name="Northwind")
    PartnershipFactory(organization=acme, partner_name="")

    partner_names.fill(acme)

    assert Partnership.objects.get(organization=acme).partner == PARTNER_ID
    assert sharing.partner_name(acme, PARTNER_ID) == ""


def test_a_partnership_names_a_partner_before_a_transfer_does(acme: Organization) -> None:
    TransferFactory(package=PackageFactory(organization=acme), partner_name="Tradewinds")
    assert sharing.partner_name(acme, PARTNER_ID) == "Tradewinds"

    PartnershipFactory(organization=acme, partner_name="Northwind")

    assert sharing.partner_name(acme, PARTNER_ID) == "Northwind"
