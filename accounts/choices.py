"""Every status, kind and role of accounts, with their named groups."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a person may do in one organization; each role includes the ones before it."""

    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Admin"


ROLE_RANK = {role: rank for rank, role in enumerate(Role)}
ROLE_EXPLANATIONS = {
    Role.VIEWER: "Reads packages, plans, jobs and their history.",
    Role.OPERATOR: "Also plans, resolves, publishes and runs what needs no approval.",
    Role.APPROVER: "Also approves promotions and share requests of other people.",
    Role.ADMIN: "Also manages people, credentials and stored values of this organization and reads its whole record.",
}


class OrganizationKind(TextChoices):
    ADOBE = "adobe", "Adobe Experience Platform"
    SNAPLOGIC = "snaplogic", "SnapLogic"


class CredentialKind(TextChoices):
    OAUTH_SERVER_TO_SERVER = "oauth_server_to_server", "OAuth server-to-server"
    JWT = "jwt", "JWT service account (retired by Adobe)"
    SNAPLOGIC_BASIC = "snaplogic_basic", "SnapLogic user and password"
    SNAPLOGIC_BEARER = "snaplogic_bearer", "SnapLogic JWT bearer"


class SandboxType(TextChoices):
    """The types Adobe documents, and ours for the environment that a SnapLogic organization is.

    The column keeps the raw text; of what Adobe sends, whatever is not development counts as production.
    """

    DEVELOPMENT = "development", "Development"
    PRODUCTION = "production", "Production"
    ENVIRONMENT = "environment", "Environment"


SANDBOX_ACTIVE = "active"
# A list that names no states forbids nothing; the platform has the last word.
IMPORTABLE_STATES = (SANDBOX_ACTIVE, "")


class DeliveryState(TextChoices):
    """What became of one mail."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"
    DROPPED = "dropped", "No longer needed"


class ExportOutcome(TextChoices):
    """What became of one export."""

    RUNNING = "running", "Being written"
    COMPLETE = "complete", "Complete"
    STOPPED = "stopped", "Stopped by the client"
    FAILED = "failed", "Failed"
    LOST = "lost", "Lost with its process"
