"""Technical accounts of an organization and their secrets."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import crypto
from accounts.choices import CredentialKind
from accounts.errors import InUseError, RefusedError
from accounts.models import AccessToken, Credential, Organization, User
from accounts.services import audit, changing, credential_parts, usage

MESSAGE_LENGTH = 500
NOUN = "credential"


@transaction.atomic
def add_credential(
    *,
    organization: Organization,
    name: str,
    kind: CredentialKind,
    client_id: str,
    client_secret: str = "",
    private_key: str = "",
    scopes: list[str] | None = None,
    technical_account_id: str = "",
    metascopes: list[str] | None = None,
    issuer: str = "",
    key_id: str = "",
    expires_at: datetime | None = None,
    actor: User | None,
) -> Credential:
    """Add a credential; the first one of an organization is its primary one, which jobs use.

    `vendors.CREDENTIALS` names the parts that each kind has; raises RefusedError for one that is missing or cannot be.
    """
    changing.require_admin(actor, organization)
    if kind not in organization.vendor.credential_kinds:
        raise RefusedError(f"{organization} has no credentials of this kind.", field="kind")
    client_id = credential_parts.checked_id(kind, client_id)
    facts = credential_parts.checked_facts(
        kind,
        {
            "scopes": scopes or [],
            "technical_account_id": technical_account_id.strip(),
            "metascopes": metascopes or [],
            "issuer": issuer.strip(),
            "key_id": key_id.strip(),
        },
    )
    secrets = credential_parts.checked_secrets(kind, client_secret=client_secret, private_key=private_key)
    # Locked, so that two first credentials do not both become primary.
    Organization.objects.select_for_update().get(pk=organization.pk)
    with changing.free_name(organization, NOUN, name):
        credential = Credential.objects.create(
            organization=organization,
            name=name,
            kind=kind,
            client_id=client_id,
            **facts,
            secrets=crypto.encrypt(json.dumps(secrets)),
            secret_set_at=timezone.now(),
            is_primary=not organization.credentials.filter(is_primary=True).exists(),
            expires_at=expires_at,
        )
    audit.record(
        audit.Verb.CREDENTIAL_ADDED,
        actor=actor,
        subject=credential,
        details={"kind": kind, "client_id": client_id, "is_primary": credential.is_primary},
    )
    return credential


@transaction.atomic
def update_credential(
    *,
    credential: Credential,
    name: str,
    scopes: list[str] | None = None,
    metascopes: list[str] | None = None,
    issuer: str | None = None,
    key_id: str | None = None,
    expires_at: datetime | None,
    actor: User | None,
) -> Credential:
    """Change what is no secret; what is left out stays. Other scopes make the next call ask for a new token."""
    changing.require_admin(actor, credential.organization)
    row = Credential.objects.select_for_update().get(pk=credential.pk)
    wanted = {
        "scopes": scopes,
        "metascopes": metascopes,
        "issuer": None if issuer is None else issuer.strip(),
        "key_id": None if key_id is None else key_id.strip(),
    }
    facts = credential_parts.checked_facts(
        CredentialKind(row.kind),
        {
            "technical_account_id": row.technical_account_id,
            **{field: getattr(row, field) if value is None else value for field, value in wanted.items()},
        },
    )
    values: dict[str, Any] = {"name": name, "expires_at": expires_at, **facts}
    changes = changing.differences(row, values)
    if not changes:
        return row
    with changing.free_name(row.organization, NOUN, name):
        changing.write(row, values)
    if "scopes" in changes or "metascopes" in changes:
        AccessToken.objects.filter(credential=row).delete()
    audit.record(audit.Verb.CREDENTIAL_CHANGED, actor=actor, subject=row, details=changes)
    return row


@transaction.atomic
def replace_secret(
    *, credential: Credential, client_secret: str = "", private_key: str = "", actor: User | None
) -> Credential:
    """Store another secret; the token made with the old one is dropped and the known problem forgotten."""
    changing.require_admin(actor, credential.organization)
    secrets = credential_parts.checked_secrets(
        CredentialKind(credential.kind), client_secret=client_secret, private_key=private_key
    )
    row = Credential.objects.select_for_update().get(pk=credential.pk)
    row.secrets = crypto.encrypt(json.dumps(secrets))
    row.secret_set_at = timezone.now()
    row.problem, row.is_last_test_ok = "", None
    row.save(update_fields=["secrets", "secret_set_at", "problem", "is_last_test_ok"])
    AccessToken.objects.filter(credential=row).delete()
    audit.record(audit.Verb.CREDENTIAL_SECRET_REPLACED, actor=actor, subject=row)
    return row


@transaction.atomic
def make_primary(*, credential: Credential, actor: User | None) -> None:
    """Let jobs of the organization use this credential."""
    changing.require_admin(actor, credential.organization)
    Organization.objects.select_for_update().get(pk=credential.organization_id)
    siblings = Credential.objects.filter(organization=credential.organization_id, is_primary=True)
    if siblings.filter(pk=credential.pk).exists():
        return
    before = siblings.values_list("name", flat=True).first()
    siblings.update(is_primary=False)
    Credential.objects.filter(pk=credential.pk).update(is_primary=True)
    audit.record(audit.Verb.CREDENTIAL_MADE_PRIMARY, actor=actor, subject=credential, details={"before": before})


@transaction.atomic
def delete_credential(*, credential: Credential, reason: str = "", actor: User | None) -> None:
    """Remove the credential with its secret; raises InUseError while unfinished work or a sibling depends on it."""
    changing.require_admin(actor, credential.organization)
    Organization.objects.select_for_update().get(pk=credential.organization_id)
    credential = Credential.objects.select_related("organization").get(pk=credential.pk)
    blocking = [found for found in usage.of_credential(credential) if found.is_blocking]
    if blocking:
        raise InUseError(f"{credential.name} cannot be deleted while these are unfinished.", blocking)
    others = Credential.objects.filter(organization=credential.organization_id).exclude(pk=credential.pk)
    if credential.is_primary and others.exists():
        raise RefusedError("This is the credential that jobs use. Make another one primary first.")
    subject = audit.SubjectText(credential._meta.label_lower, str(credential.pk), str(credential))
    organization = credential.organization
    credential.delete()
    audit.record(audit.Verb.CREDENTIAL_DELETED, actor=actor, subject=subject, organization=organization, reason=reason)


# Use


def read_secrets(credential: Credential) -> dict[str, str]:
    """The secret parts, for calls out only; raises crypto.UndecryptableError."""
    secrets: dict[str, str] = json.loads(crypto.decrypt(credential.secrets)) if credential.secrets else {}
    return secrets


def flag_credential(credential: Credential, problem: str) -> None:
    """Note why calls with this credential are refused; a successful test or a new secret clears it."""
    Credential.objects.filter(pk=credential.pk, secret_set_at=credential.secret_set_at).update(
        problem=problem[:MESSAGE_LENGTH]
    )
