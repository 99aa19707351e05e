from accounts.models.audit import AuditCheck, AuditEvent, AuditHead
from accounts.models.exports import Export
from accounts.models.idempotency import IdempotentAnswer
from accounts.models.notices import Notice, NoticeDelivery, NoticePreference
from accounts.models.organizations import (
    EXPIRY_WARNING,
    AccessToken,
    Credential,
    Membership,
    Organization,
    Sandbox,
)
from accounts.models.people import ApiToken, Invitation, SetupCode, User
from accounts.models.stored_values import StoredValue

__all__ = [
    "EXPIRY_WARNING",
    "AccessToken",
    "ApiToken",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "Credential",
    "Export",
    "IdempotentAnswer",
    "Invitation",
    "Membership",
    "Notice",
    "NoticeDelivery",
    "NoticePreference",
    "Organization",
    "Sandbox",
    "SetupCode",
    "StoredValue",
    "User",
]
