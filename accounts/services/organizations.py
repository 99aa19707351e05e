"""Remote organizations."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import access
from accounts.choices import OrganizationKind
from accounts.errors import ErasureNotConfirmedError, InUseError, RefusedError
from accounts.models import (
    AccessToken,
    Credential,
    Organization,
    StoredValue,
    User,
)
from accounts.remote_hosts import ForbiddenUrlError, check_service_url
from accounts.services import audit, changing, sandboxes, service_choices, usage
from accounts.vendors import vendor_of

URL_FIELDS = ("ims_url", "platform_url")
_ORGANIZATION_ID = re.compile(r"[0-9A-Fa-f]{24}@AdobeOrg")


def check_remote_id(kind: OrganizationKind, remote_id: str) -> str:
    """The id without blanks around it; raises RefusedError if it cannot be one of this kind."""
    remote_id = remote_id.strip()
    if not remote_id:
        raise RefusedError(f"Enter the {vendor_of(kind).id_label.lower()}.", field="remote_id")
    if kind is OrganizationKind.SNAPLOGIC:
        return _checked_environment(remote_id)
    if _ORGANIZATION_ID.fullmatch(remote_id):
        return remote_id
    if remote_id.lower().endswith("@techacct.adobe.com"):
        raise RefusedError(
            "That is a technical account id. The organization id ends in @AdobeOrg; the Adobe Developer Console "
            "shows it beside the credential.",
            field="remote_id",
        )
    raise RefusedError(
        "An organization id of Adobe is 24 characters of 0-9 and A-F, followed by @AdobeOrg.", field="remote_id"
    )


@transaction.atomic
def create_organization(
    *,
    name: str,
    remote_id: str,
    kind: OrganizationKind = OrganizationKind.ADOBE,
    is_production: bool = False,
    region: str = "",
    ims_url: str | None = None,
    platform_url: str | None = None,
    service_urls: Mapping[str, str] | None = None,
    service_dialects: Mapping[str, str] | None = None,
    actor: User | None,
) -> Organization:
    """Add an organization; raises RefusedError if its id or a URL is not acceptable, or it is there already.

    `service_urls` and `service_dialects` name further services; a service that they leave out is at its default, and so
    is a URL that is left out. One of SnapLogic gets the row of its environment along with it.
    """
    if actor is not None:
        access.require_administrator(actor)
    remote_id = check_remote_id(kind, remote_id)
    vendor, blank = vendor_of(kind), Organization(kind=kind)
    urls = _checked_urls(
        kind,
        ims_url=vendor.sign_in_url if ims_url is None else ims_url,
        platform_url=vendor.platform_url if platform_url is None else platform_url,
    )
    further = service_choices.checked(blank, service_urls or {}, service_dialects or {})
    choices, _ = service_choices.differences(blank, further)
    try:
        with transaction.atomic():
            organization = Organization.objects.create(
                name=name,
                remote_id=remote_id,
                kind=kind,
                is_production=is_production,
                region=region,
                **urls,
                **further,
            )
    except IntegrityError as exc:
        raise RefusedError(
            f"The organization {remote_id} is there already. Add another credential to it instead.",
            field="remote_id",
        ) from exc
    sandboxes.keep_environment(organization)
    audit.record(
        audit.Verb.ORGANIZATION_CREATED,
        actor=actor,
        subject=organization,
        details={
            "remote_id": remote_id,
            "kind": kind,
            "is_production": is_production,
            "region": region,
            **urls,
            **{name: choice["to"] for name, choice in choices.items()},
        },
    )
    return organization


@transaction.atomic
def update_organization(
    *,
    organization: Organization,
    name: str,
    is_production: bool,
    region: str,
    ims_url: str | None = None,
    platform_url: str,
    service_urls: Mapping[str, str] | None = None,
    service_dialects: Mapping[str, str] | None = None,
    is_erasure_confirmed: bool = False,
    actor: User | None,
) -> Organization:
    """Change an organization; its id and kind stay, since everything read from it hangs on them.

    `service_urls` and `service_dialects` hold the further services that change; an empty text puts one back to its
    default. Without a URL of its own a service moves with its dialect. A sign-in service that is left out stays.

    Another service URL erases the stored secrets, which were meant for the host before. Raises
    ErasureNotConfirmedError if that is not confirmed.

    An admin of the organization, who may run promotions into it, cannot take the mark away that has others approve
    them.
    """
    changing.require_admin(actor, organization)
    row = Organization.objects.select_for_update().get(pk=organization.pk)
    if row.is_production and not is_production and actor is not None and not access.is_administrator(actor):
        raise RefusedError(
            f"{row} counts as production, so that others approve what goes into it. Only an administrator of this "
            "installation takes that away.",
            field="is_production",
        )
    values: dict[str, Any] = {
        "name": name,
        "is_production": is_production,
        "region": region,
        **_checked_urls(
            OrganizationKind(row.kind),
            ims_url=row.ims_url if ims_url is None else ims_url,
            platform_url=platform_url,
        ),
    }
    changes = changing.differences(row, values)
    is_moved = not changes.keys().isdisjoint(URL_FIELDS)
    further = service_choices.checked(row, service_urls or {}, service_dialects or {})
    choices, is_service_moved = service_choices.differences(row, further)
    changes |= choices
    if not changes:
        return row
    erased: list[str] = []
    if is_moved or is_service_moved:
        erased = _names_of_secrets(row)
        if erased and not is_erasure_confirmed:
            raise ErasureNotConfirmedError(
                f"Another service URL erases the stored secrets of {row}, so that no other host gets them. "
                f"They must be entered again: {', '.join(erased)}.",
                erased,
            )
        _erase_secrets(row, "The secret was erased because a service URL changed. Enter it again.")
    changing.write(row, {**values, **further})
    sandboxes.keep_environment(row)
    audit.record(
        audit.Verb.ORGANIZATION_CHANGED,
        actor=actor,
        subject=row,
        details={**changes, **({"erased": erased} if erased else {})},
    )
    return row


@transaction.atomic
def delete_organization(*, organization: Organization, reason: str = "", actor: User | None) -> None:
    """Hide the organization from everybody and erase its secrets; history keeps naming it.

    Raises InUseError while something unfinished needs it.
    """
    if actor is not None:
        access.require_administrator(actor)
    row = Organization.objects.select_for_update().get(pk=organization.pk)
    if row.deleted_at is not None:
        return
    blocking = [found for found in usage.of_organization(row) if found.is_blocking]
    if blocking:
        raise InUseError(f"{row} cannot be deleted while these are unfinished.", blocking)
    _erase_secrets(row, "The secret was erased with the organization.")
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    audit.record(audit.Verb.ORGANIZATION_DELETED, actor=actor, subject=row, reason=reason)


def _erase_secrets(organization: Organization, problem: str) -> None:
    with_secret = Credential.objects.filter(organization=organization).exclude(secrets="")
    with_secret.update(secrets="", secret_set_at=None, problem=problem, is_last_test_ok=None)
    AccessToken.objects.filter(credential__organization=organization).delete()
    StoredValue.objects.filter(organization=organization).update(sealed="", digest="", set_at=None, set_by=None)


def _names_of_secrets(organization: Organization) -> list[str]:
    """The credentials that hold a secret, and the stored values."""
    credentials = organization.credentials.exclude(secrets="").values_list("name", flat=True)
    values = organization.stored_values.exclude(sealed="").values_list("name", flat=True)
    return [*credentials, *(f"the value “{name}”" for name in values)]


def _checked_environment(name: str) -> str:
    """The name of an environment of SnapLogic, which is one part of the path of its calls, letter for letter."""
    if "/" in name or name in (".", ".."):
        raise RefusedError(
            "An environment name is one word or several, without a slash. Leave out the path behind it.",
            field="remote_id",
        )
    if not name.isprintable():
        raise RefusedError(
            "The environment name holds a line break or another sign that cannot be seen. Type it.", field="remote_id"
        )
    return name


def _checked_urls(kind: OrganizationKind, *, ims_url: str, platform_url: str) -> dict[str, str]:
    vendor = vendor_of(kind)
    if ims_url and not vendor.sign_in_url:
        raise RefusedError(f"{kind.label} has no sign-in service of its own. Leave the URL out.", field="ims_url")
    checked = {}
    for field, url in (("ims_url", ims_url), ("platform_url", platform_url)):
        if field == "ims_url" and not vendor.sign_in_url:
            checked[field] = ""
            continue
        try:
            checked[field] = check_service_url(url, example=vendor.platform_example)
        except ForbiddenUrlError as exc:
            raise RefusedError(str(exc), field=field) from exc
    return checked
