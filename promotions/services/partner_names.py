"""What the other side is called: one answer of the platform tells a name that another leaves out."""

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organization
from promotions.models import Partnership, SharingLeg, Transfer
from promotions.services.sides import names_here


def known_names(organization: Organization, partner_ids: Collection[str]) -> Mapping[str, str]:
    """How partners are called where this organization has met them, by id; the latest name counts.

    Partnerships come before transfers, and both before what this installation calls those it looks after.
    """
    names = dict(names_here(partner_ids))
    named: tuple[QuerySet[Transfer] | QuerySet[Partnership], ...] = (
        Transfer.objects.filter(organization=organization),
        Partnership.objects.filter(organization=organization),
    )
    for rows in named:
        told = rows.filter(partner_id__in=set(partner_ids)).exclude(partner_name="").order_by("remote_created_at", "pk")
        names.update(told.values_list("partner_id", "partner_name"))
    return names


@transaction.atomic
def fill(organization: Organization) -> None:
    """Name what was stored before its partner's name was known; what another worker holds has its turn next time."""
    nameless: tuple[QuerySet[Partnership] | QuerySet[Transfer] | QuerySet[SharingLeg], ...] = (
        Partnership.objects.filter(organization=organization, partner_name="").exclude(partner_id=""),
        Transfer.objects.filter(organization=organization, partner_name="").exclude(partner_id=""),
        SharingLeg.objects.filter(request__organization=organization, partner_name="").exclude(partner_id=""),
    )
    wanted = {partner_id for rows in nameless for partner_id in rows.values_list("partner_id", flat=True).distinct()}
    if not wanted:
        return
    names = known_names(organization, wanted)
    for rows in nameless:
        found = rows.filter(partner_id__in=names).select_for_update(of=("self",), skip_locked=True, no_key=True)
        by_partner: dict[str, list[int]] = {}
        for pk, partner_id in found.values_list("pk", "partner_id"):
            by_partner.setdefault(partner_id, []).append(pk)
        for partner_id, pks in by_partner.items():
            rows.model._default_manager.filter(pk__in=pks).update(partner_name=names[partner_id][:300])
