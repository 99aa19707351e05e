"""Objects of sharing for tests: each factory makes one object and what it cannot live without."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import User
from promotions.choices import (
    Direction,
    LegState,
    PartnershipStatus,
    SharingKind,
    SharingState,
    TransferStatus,
    TransferType,
)
from promotions.models import Approval, Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import sharing_consent
from tests.factories import OrganizationFactory, UserFactory
from tests.factories_promotions import PackageFactory

PARTNER_ID = "7D41B0C2A6E85F130A49423C@AdobeOrg"


class PartnershipFactory(DjangoModelFactory[Partnership]):
    """Incoming and pending, unless a trait says otherwise."""

    class Meta:
        model = Partnership

    class Params:
        outgoing = factory.Trait(direction=Direction.OUTGOING)
        approved = factory.Trait(status=PartnershipStatus.APPROVED)
        rejected = factory.Trait(status=PartnershipStatus.REJECTED)

    organization = factory.SubFactory(OrganizationFactory)
    remote_id = factory.Sequence(lambda n: f"{n:032x}")
    linking_id = factory.Sequence(lambda n: f"link-{n}")
    direction = Direction.INCOMING
    partner_id = PARTNER_ID
    partner_name = "Globex"
    partner_region = "va7"
    status = PartnershipStatus.APPROVAL_PENDING
    remote_created_at = factory.LazyFunction(timezone.now)


class TransferFactory(DjangoModelFactory[Transfer]):
    """Outgoing and on its way, unless a trait says otherwise."""

    class Meta:
        model = Transfer

    class Params:
        incoming = factory.Trait(direction=Direction.INCOMING, package=None)
        completed = factory.Trait(
            status=TransferStatus.COMPLETED,
            completed_at=factory.LazyFunction(timezone.now),
            over_seen_at=factory.LazyFunction(timezone.now),
        )
        failed = factory.Trait(status=TransferStatus.FAILED, over_seen_at=factory.LazyFunction(timezone.now))

    organization = factory.SelfAttribute("package.organization")
    remote_id = factory.Sequence(lambda n: f"{n:032x}")
    direction = Direction.OUTGOING
    type = TransferType.PRIVATE
    partner_id = PARTNER_ID
    partner_name = "Globex"
    package = factory.SubFactory(PackageFactory)
    package_remote_id = factory.LazyAttribute(lambda made: made.package.remote_id if made.package else "9" * 32)
    package_name = factory.LazyAttribute(lambda made: made.package.name if made.package else "Loyalty")
    status = TransferStatus.IN_PROGRESS
    steps = factory.LazyFunction(lambda: ["Fetched Package", "Fetched Manifest"])
    remote_created_at = factory.LazyFunction(timezone.now)


class SharingRequestFactory(DjangoModelFactory[SharingRequest]):
    """Sharing of a package with one partner, which waits for an approval. `partners` names others by their ids."""

    class Meta:
        model = SharingRequest
        skip_postgeneration_save = True

    kind = SharingKind.SHARE
    package = factory.SubFactory(PackageFactory)
    organization = factory.SelfAttribute("package.organization")
    facts = factory.LazyAttribute(
        lambda made: {"package": sharing_consent.facts_of(made.package)} if made.package else {}
    )
    note = "For the loyalty team."
    created_by = factory.SubFactory(UserFactory)

    @factory.post_generation
    def partners(self: SharingRequest, create: bool, extracted: Any, **kwargs: Any) -> None:
        for position, partner_id in enumerate(extracted or [PARTNER_ID]):
            SharingLeg.objects.create(request=self, position=position, partner_id=partner_id)
        self.content_hash = sharing_consent.content_hash(self)
        self.save(update_fields=["content_hash"])

    @factory.post_generation
    def approval(self: SharingRequest, create: bool, extracted: Any, **kwargs: Any) -> None:
        Approval.objects.create(
            organization=self.organization,
            sharing=self,
            content_hash=self.content_hash,
            rule=sharing_consent.RULE,
            note=self.note,
            runs_at_once=True,
            requested_by=self.created_by,
            expires_at=timezone.now() + timedelta(hours=72),
        )


def under_way(request: SharingRequest, *, approver: User, leg_state: LegState) -> SharingRequest:
    """The request after somebody consented, its legs in this state."""
    now = timezone.now()
    request.approvals.update(state="approved", decided_by=approver, decided_at=now, reason="They need it.")
    request.legs.update(state=leg_state)
    request.state, request.started_at = SharingState.UNDER_WAY, now
    request.save(update_fields=["state", "started_at"])
    return request
