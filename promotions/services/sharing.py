"""What people ask for across organizations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, User
from promotions.choices import (
    UNFINISHED_LEGS,
    UNFINISHED_SHARINGS,
    PackageStatus,
    SharingKind,
    SharingState,
    Visibility,
)
from promotions.models import Job, Package, Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import approvals, jobs, partner_names, sharing_audit, sharing_consent
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds

PARTNERS_LIMIT = 50
NOTE_LIMIT = 2000
ORGANIZATION_ID_LIMIT = 150
_ORGANIZATION_ID = re.compile(r"[!-+\--:<-?A-~]+@AdobeOrg", re.IGNORECASE)
_HEX_ID = re.compile(r"([0-9A-F]{24})@AdobeOrg", re.IGNORECASE)
_PACKAGE_ID = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True)
class PullSource:
    """A public package of another organization, as its payload names it."""

    organization_id: str
    package_id: str


@transaction.atomic
def request_partnerships(
    *, organization: Organization, partner_ids: Sequence[str], note: str = "", actor: User
) -> SharingRequest:
    """Ask for the consent to asking these organizations, each on its own line, for a partnership.

    Raises RefusedError, with its field, if one of them cannot be asked.
    """
    require_role(actor, organization, Role.OPERATOR)
    _require_adobe(organization)
    _one_at_a_time(organization)
    partners = partners_of(organization, partner_ids)
    for partner_id in partners:
        if reason := reason_not_to_ask(organization, partner_id):
            raise RefusedError(reason, field="partner_ids")
    return _ask_consent(
        kind=SharingKind.PARTNERSHIP,
        organization=organization,
        legs=[SharingLeg(partner_id=one, partner_name=partner_name(organization, one)) for one in partners],
        note=note,
        actor=actor,
    )


@transaction.atomic
def request_share(
    *,
    package: Package,
    partner_ids: Sequence[str],
    note: str = "",
    actor: User,
    again_of: Transfer | None = None,
) -> SharingRequest:
    """Ask for the one consent that covers all of sharing: the partnership where there is none, and the transfer.

    `again_of` is a failed transfer that this one repeats. Raises RefusedError, with its field.
    """
    organization = package.organization
    require_role(actor, organization, Role.OPERATOR)
    _one_at_a_time(package)
    if reason := reason_not_to_share(package):
        raise RefusedError(reason, field="package")
    partners = partners_of(organization, partner_ids)
    for partner_id in partners:
        if reason := reason_not_to_send(package, partner_id):
            raise RefusedError(reason, field="partner_ids")
    return _ask_consent(
        kind=SharingKind.SHARE,
        organization=organization,
        package=package,
        legs=[SharingLeg(partner_id=one, partner_name=partner_name(organization, one)) for one in partners],
        note=note,
        actor=actor,
        again_of=again_of,
    )


@transaction.atomic
def request_publicity(*, package: Package, typed_name: str, note: str = "", actor: User) -> SharingRequest:
    """Ask for the consent to making a package public, which nobody can take back; the name is typed to be sure."""
    require_role(actor, package.organization, Role.OPERATOR)
    _one_at_a_time(package)
    if reason := reason_not_to_make_public(package):
        raise RefusedError(reason, field="package")
    if typed_name.strip() != package.name.strip():
        raise RefusedError(f"Type the package’s name, “{package.name}”, to confirm.", field="typed_name")
    if _unfinished(package, SharingKind.PUBLICITY).exists():
        raise ConflictError(f"Making “{package}” public has been asked for already. Open that request.")
    return _ask_consent(
        kind=SharingKind.PUBLICITY,
        organization=package.organization,
        package=package,
        legs=[SharingLeg()],
        note=note,
        actor=actor,
    )


@transaction.atomic
def request_pull(
    *, organization: Organization, sources: Sequence[PullSource], note: str = "", actor: User
) -> SharingRequest:
    """Ask for the consent to bringing public packages of others into an organization."""
    require_role(actor, organization, Role.OPERATOR)
    _require_adobe(organization)
    named = (PullSource(_as_written(one.organization_id), one.package_id.strip()) for one in sources)
    unique = list(dict.fromkeys(named))
    if not unique:
        raise RefusedError("Name at least one package: paste its payload, or its ids.", field="sources")
    if len(unique) > PARTNERS_LIMIT:
        raise RefusedError(f"At most {PARTNERS_LIMIT} packages at once; these are {len(unique)}.", field="sources")
    for source in unique:
        is_named = _ORGANIZATION_ID.fullmatch(source.organization_id) and _PACKAGE_ID.fullmatch(source.package_id)
        if not is_named or len(source.organization_id) > ORGANIZATION_ID_LIMIT:
            raise RefusedError(
                f"“{source.organization_id} {source.package_id}” names no package: it takes the organization’s id, "
                "which ends in @AdobeOrg, and the package’s id.",
                field="sources",
            )
        if source.organization_id == _as_written(organization.remote_id):
            raise RefusedError(f"Package {source.package_id} is {organization}’s own already.", field="sources")
    return _ask_consent(
        kind=SharingKind.PULL,
        organization=organization,
        legs=[
            SharingLeg(
                partner_id=source.organization_id,
                partner_name=partner_name(organization, source.organization_id),
                package_remote_id=source.package_id,
            )
            for source in unique
        ],
        facts={
            "packages": [[source.organization_id, source.package_id] for source in unique],
        },
        note=note,
        actor=actor,
    )


@transaction.atomic
def request_synchronization(*, organization: Organization, actor: User) -> Job:
    """Read partnerships and transfers of an organization now; one that is under way already is returned."""
    require_role(actor, organization, Role.OPERATOR)
    _require_adobe(organization)
    job = jobs.queue_once(
        kind=kinds.SYNCHRONIZE, title=f"Sharing of {organization}", organization=organization, actor=actor
    )
    sharing_audit.record(
        Verb.SHARING_SYNCHRONIZATION_REQUESTED,
        actor=actor,
        subject=organization,
        organization=organization,
        partner_ids=[],
    )
    return job


def _ask_consent(
    *,
    kind: SharingKind,
    organization: Organization,
    legs: Sequence[SharingLeg],
    note: str,
    actor: User,
    package: Package | None = None,
    facts: dict[str, object] | None = None,
    again_of: Transfer | None = None,
) -> SharingRequest:
    if len(note) > NOTE_LIMIT:
        raise RefusedError(f"The note may have {NOTE_LIMIT} characters; it has {len(note)}.", field="note")
    request = SharingRequest.objects.create(
        kind=kind,
        organization=organization,
        package=package,
        note=note.strip(),
        facts=facts or ({"package": sharing_consent.facts_of(package)} if package else {}),
        created_by=actor,
        again_of=again_of,
    )
    for position, leg in enumerate(legs):
        leg.request, leg.position = request, position
    SharingLeg.objects.bulk_create(legs)
    request.content_hash = sharing_consent.content_hash(request)
    request.save(update_fields=["content_hash"])
    approvals.ask(
        subject=request,
        content_hash=request.content_hash,
        rule=sharing_consent.RULE,
        note=note,
        runs_at_once=True,
        actor=actor,
    )
    sharing_audit.record(
        Verb.SHARING_REQUESTED,
        actor=actor,
        subject=request,
        organization=organization,
        partner_ids=[leg.partner_id for leg in legs],
        reason=request.note,
        details={"kind": kind.value, "what": request.title},
    )
    return request


# Why not, in a sentence; empty where nothing speaks against it


def reason_not_to_share(package: Package) -> str:
    """Why nobody could be given this package now."""
    if package.vanished_at is not None:
        return f"“{package}” is no longer at the platform. Synchronize the packages."
    if package.status != PackageStatus.PUBLISHED:
        return f"“{package}” is {package.status_label.lower()}; only a published package can be shared. Publish it."
    if package.is_expired:
        return f"“{package}” expired on {package.expires_at:%Y-%m-%d}. Clone it, and publish and share the clone."
    return ""


def reason_not_to_make_public(package: Package) -> str:
    """Why it cannot be made public now."""
    if package.visibility.upper() == Visibility.PUBLIC:
        return f"“{package}” is public already."
    return reason_not_to_share(package)


def reason_not_to_ask(organization: Organization, partner_id: str) -> str:
    """Why this organization cannot be asked for a partnership now."""
    held = Partnership.objects.filter(organization=organization, partner_id=partner_id, vanished_at=None)
    for partnership in held:
        if partnership.is_approved:
            return f"{partnership.partner} is a partner already."
        if partnership.is_pending and partnership.is_incoming:
            return f"{partnership.partner} has asked {organization} for a partnership. Decide on that instead."
        if partnership.is_pending:
            return f"{partnership.partner} has been asked already, and has not decided."
    asked = SharingLeg.objects.filter(
        request__organization=organization,
        request__kind__in=(SharingKind.PARTNERSHIP, SharingKind.SHARE),
        partner_id=partner_id,
        state__in=UNFINISHED_LEGS,
        asking_job=None,
    ).exclude(request__state=SharingState.UNDER_WAY)
    if asked.filter(request__kind=SharingKind.PARTNERSHIP).exists():
        return f"A partnership with {partner_id} has been asked for here already, and waits for approval."
    return ""


def reason_not_to_send(package: Package, partner_id: str) -> str:
    """Why this organization cannot be sent this package now."""
    for partnership in Partnership.objects.filter(
        organization=package.organization_id, partner_id=partner_id, vanished_at=None
    ):
        if partnership.is_pending and partnership.is_incoming:
            return (
                f"{partnership.partner} has asked {package.organization} for a partnership. Decide on that first, then "
                "share."
            )
    under_way = SharingLeg.objects.filter(
        request__package=package, request__kind=SharingKind.SHARE, partner_id=partner_id, state__in=UNFINISHED_LEGS
    ).first()
    if under_way is not None:
        return f"“{package}” is on its way to {under_way.partner} already, by request {under_way.request_id}."
    return ""


def _one_at_a_time(thing: Package | Organization) -> None:
    """Of two who ask for the same thing at once the second sees what the first has asked for."""
    type(thing)._default_manager.select_for_update(no_key=True).get(pk=thing.pk)


def _unfinished(package: Package, kind: SharingKind) -> QuerySet[SharingRequest]:
    return SharingRequest.objects.filter(package=package, kind=kind, state__in=UNFINISHED_SHARINGS)


def _require_adobe(organization: Organization) -> None:
    if organization.kind != OrganizationKind.ADOBE:
        raise RefusedError(f"{organization} is no Adobe organization, and has no partners.", field="organization")


def partners_of(organization: Organization, partner_ids: Sequence[str]) -> list[str]:
    """The ids, each once, or a refusal that names the one that is wrong."""
    found = list(dict.fromkeys(_as_written(one) for one in partner_ids if one.strip()))
    if not found:
        raise RefusedError("Name at least one organization by its id.", field="partner_ids")
    if len(found) > PARTNERS_LIMIT:
        raise RefusedError(
            f"At most {PARTNERS_LIMIT} organizations at once; these are {len(found)}.", field="partner_ids"
        )
    for partner_id in found:
        if not _ORGANIZATION_ID.fullmatch(partner_id) or len(partner_id) > ORGANIZATION_ID_LIMIT:
            raise RefusedError(
                f"“{partner_id}” is no organization id: it has letters and digits and ends in @AdobeOrg.",
                field="partner_ids",
            )
        if partner_id == _as_written(organization.remote_id):
            raise RefusedError(f"“{partner_id}” is {organization} itself.", field="partner_ids")
    return found


def _as_written(organization_id: str) -> str:
    """An organization's id the way the platform writes it, so that one organization has one name here."""
    found = _HEX_ID.fullmatch(organization_id.strip())
    return f"{found[1].upper()}@AdobeOrg" if found else organization_id.strip()


def partner_name(organization: Organization, partner_id: str) -> str:
    """What the partner is called, as far as this organization knows; empty if it does not."""
    return partner_names.known_names(organization, [partner_id]).get(partner_id, "")[:300]
