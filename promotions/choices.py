"""Every state and verdict of promotions, with their named groups."""

from django.db.models import TextChoices


class PackageStatus(TextChoices):
    """Documented package statuses. The column keeps the raw text, so an unknown one is shown and not lost."""

    DRAFT = "DRAFT", "Draft"
    PUBLISH_IN_PROGRESS = "PUBLISH_IN_PROGRESS", "Publishing"
    PUBLISHED = "PUBLISHED", "Published"
    PUBLISH_FAILED = "PUBLISH_FAILED", "Publish failed"


PUBLISHABLE = (PackageStatus.DRAFT, PackageStatus.PUBLISH_FAILED)


class PackageType(TextChoices):
    PARTIAL = "PARTIAL", "Multi-object"
    FULL = "FULL", "Entire sandbox"


class Visibility(TextChoices):
    PRIVATE = "PRIVATE", "Private"
    PUBLIC = "PUBLIC", "Public"


class PromotionMode(TextChoices):
    """Whether a run makes objects, brings those that it made before up to date, or takes them back."""

    CREATE = "create", "Import"
    UPDATE = "update", "Update existing objects"
    UNDO = "undo", "Undo"


# What can be asked for when something is planned; taking back is asked for where it was run.
PLANNED_MODES = [choice for choice in PromotionMode.choices if choice[0] != PromotionMode.UNDO]


class PlanState(TextChoices):
    """gathering -> open -> ready; open -> gathering (fresh facts); ready -> superseded (by a newer revision)."""

    GATHERING = "gathering", "Gathering facts"
    OPEN = "open", "Open"
    READY = "ready", "Ready"
    SUPERSEDED = "superseded", "Superseded"


class ApprovalState(TextChoices):
    PENDING = "pending", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    VOID = "void", "Void"
    EXPIRED = "expired", "Expired"


OPEN_APPROVALS = (ApprovalState.PENDING, ApprovalState.APPROVED)


class ItemKind(TextChoices):
    OBJECT = "object", "Object"
    VALUE = "value", "Value"
    CONFIRMATION = "confirmation", "Confirmation"


class ItemInput(TextChoices):
    """What may be typed as the decision on an item."""

    NOTHING = "", "Nothing"
    TEXT = "text", "Text"
    SECRET = "secret", "Secret"


class Match(TextChoices):
    """How well the target's objects fit one of ours."""

    EXACT = "exact", "Exact"
    LIKELY = "likely", "Likely"
    DOUBTFUL = "doubtful", "Doubtful"
    NONE = "none", "None"


class Decision(TextChoices):
    UNDECIDED = "undecided", "Undecided"
    CREATE = "create", "Create new"
    REUSE = "reuse", "Use existing"
    UPDATE = "update", "Update existing"
    KEEP = "keep", "Keep as it is"
    FILL = "fill", "Filled in"
    LEAVE = "leave", "Leave out"
    CONFIRM = "confirm", "Confirmed"


# Decisions that name an object of the target.
MAPPED = (Decision.REUSE, Decision.UPDATE)
# Decisions with something in `target`: an object, or what was typed.
TARGETED = (*MAPPED, Decision.FILL)


class JobState(TextChoices):
    """What we know of a job; the remote system's own word stands beside it in `Job.remote_status`."""

    QUEUED = "queued", "Queued"
    SUBMITTING = "submitting", "Submitting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    SUCCEEDED_WITH_WARNINGS = "succeeded_with_warnings", "Succeeded with warnings"
    PARTLY_FAILED = "partly_failed", "Partly failed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    NEEDS_ATTENTION = "needs_attention", "Needs attention"


ACTIVE = (JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING)
UNFINISHED = (*ACTIVE, JobState.NEEDS_ATTENTION)
FINISHED = tuple(state for state in JobState if state not in UNFINISHED)
GOOD_ENDS = (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS)


class ProblemKind(TextChoices):
    """Why a job failed or needs a person: for filters and tests; people read the sentence beside it."""

    REJECTED = "rejected", "Refused by the platform"
    CREDENTIALS = "credentials", "Credential refused"
    UNAVAILABLE = "unavailable", "Platform not reachable"
    CONTRACT = "contract", "Answer not understood"
    PLAN_CHANGED = "plan_changed", "Facts changed since the plan"
    NOT_APPROVED = "not_approved", "Approval missing or void"
    OUTCOME_UNKNOWN = "outcome_unknown", "Outcome unknown"
    DEADLINE = "deadline", "Deadline passed"
    STOPPED_FOLLOWING = "stopped_following", "No longer followed"
    REMOTE_FAILURE = "remote_failure", "Failed at the platform"
    CLOSED = "closed", "Closed by a person"
    INTERNAL = "internal", "Our own fault"


class Severity(TextChoices):
    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class ResultOutcome(TextChoices):
    """What really happened to one object, read from every message of its task."""

    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    REUSED = "reused", "Reused"
    UNCHANGED = "unchanged", "Unchanged"
    REMOVED = "removed", "Removed"
    HIDDEN_ERROR = "hidden_error", "Hidden error"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


GOOD_OUTCOMES = (
    ResultOutcome.CREATED,
    ResultOutcome.UPDATED,
    ResultOutcome.REUSED,
    ResultOutcome.UNCHANGED,
    ResultOutcome.REMOVED,
)


class Verification(TextChoices):
    """What a second look at the target says of a claimed result."""

    UNCHECKED = "unchecked", "Not checked"
    CONFIRMED = "confirmed", "Confirmed"
    NOT_CONFIRMED = "not_confirmed", "Not confirmed"
    CONTRADICTED = "contradicted", "Contradicted"


class Direction(TextChoices):
    """As one organization sees it."""

    INCOMING = "incoming", "Incoming"
    OUTGOING = "outgoing", "Outgoing"


class PartnershipStatus(TextChoices):
    """Documented words for a partnership; four of them mean that the partner has not decided."""

    APPROVAL_PENDING = "APPROVAL_PENDING", "Pending"
    IN_PROGRESS = "IN_PROGRESS", "Pending"
    PENDING = "PENDING", "Pending"
    INITIATED = "INITIATED", "Pending"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"


DECIDED_PARTNERSHIPS = (PartnershipStatus.APPROVED, PartnershipStatus.REJECTED)
PENDING_PARTNERSHIPS = tuple(status for status in PartnershipStatus if status not in DECIDED_PARTNERSHIPS)


class TransferStatus(TextChoices):
    PENDING = "PENDING", "Pending"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"


OVER_TRANSFERS = (TransferStatus.COMPLETED, TransferStatus.FAILED)


class TransferType(TextChoices):
    PRIVATE = "PRIVATE", "Private"
    PUBLIC = "PUBLIC", "Public"


class SharingKind(TextChoices):
    """What can be asked for across organizations."""

    PARTNERSHIP = "partnership", "Partnership"
    SHARE = "share", "Share a package"
    PUBLICITY = "publicity", "Make a package public"
    PULL = "pull", "Pull public packages"


class SharingState(TextChoices):
    WAITING = "waiting", "Waiting for approval"
    UNDER_WAY = "under_way", "Under way"
    DONE = "done", "Done"
    PARTLY_DONE = "partly_done", "Partly done"
    FAILED = "failed", "Failed"
    TURNED_DOWN = "turned_down", "Not approved"
    STOPPED = "stopped", "Stopped"


UNFINISHED_SHARINGS = (SharingState.WAITING, SharingState.UNDER_WAY)


class LegState(TextChoices):
    WAITING = "waiting", "Waiting for approval"
    ASKING = "asking", "Asking for the partnership"
    WAITING_PARTNER = "waiting_partner", "Waiting for the partner"
    SENDING = "sending", "On its way"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused by the partner"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


UNFINISHED_LEGS = (LegState.WAITING, LegState.ASKING, LegState.WAITING_PARTNER, LegState.SENDING)


class JourneyState(TextChoices):
    """One vocabulary for what the platform's APIs call differently; the raw word stands beside it."""

    DRAFT = "draft", "Draft"
    TESTING = "testing", "Testing"
    IN_REVIEW = "in_review", "In review"
    LIVE = "live", "Live"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"
    UNKNOWN = "unknown", "Unknown"


class JourneySource(TextChoices):
    """Which of the platform's APIs names a journey: the one that exports and imports, or the newer one, which reads."""

    AUTHORING = "authoring", "Authoring API"
    RETRIEVE = "retrieve", "Newer API only"
    BOTH = "both", "Both APIs"


class SourceState(TextChoices):
    """How an API answered when the journeys of a sandbox were last read."""

    UNASKED = "", "Not asked yet"
    ANSWERS = "answers", "Answers"
    NOT_THERE = "not_there", "Not there"
    UNREACHABLE = "unreachable", "Not reachable"


# Folded to small letters and underscores. States in passing are called what they lead to, or come from.
_JOURNEY_WORDS = {
    "created": JourneyState.DRAFT,
    "updated": JourneyState.DRAFT,
    "deployed": JourneyState.LIVE,
    "redeployed": JourneyState.LIVE,
    "publishing": JourneyState.DRAFT,
    "draft_(test)": JourneyState.TESTING,
    "test": JourneyState.TESTING,
    "dry_run": JourneyState.TESTING,
    "activating_test_mode": JourneyState.TESTING,
    "deactivating_test_mode": JourneyState.TESTING,
    "pausing": JourneyState.LIVE,
    "resuming": JourneyState.PAUSED,
    "stopping": JourneyState.LIVE,
    "finishing": JourneyState.CLOSED,
    "closed_(to_new_entrances)": JourneyState.CLOSED,
    **{str(state.value): state for state in JourneyState},
}


def journey_state(raw: str) -> JourneyState:
    """What a word of any of the journey APIs means; one that nobody knows stays unknown."""
    return _JOURNEY_WORDS.get("_".join(raw.lower().replace("-", " ").replace("_", " ").split()), JourneyState.UNKNOWN)


class ArtifactType(TextChoices):
    """Artifact types Adobe publishes or its samples show; any other type is shown as it comes."""

    JOURNEY = "JOURNEY", "Journey"
    ID_NAMESPACE = "ID_NAMESPACE", "Identity namespace"
    REGISTRY_DATATYPE = "REGISTRY_DATATYPE", "Data type"
    REGISTRY_CLASS = "REGISTRY_CLASS", "Class"
    REGISTRY_MIXIN = "REGISTRY_MIXIN", "Field group"
    REGISTRY_SCHEMA = "REGISTRY_SCHEMA", "Schema"
    REGISTRY_DESCRIPTOR = "REGISTRY_DESCRIPTOR", "Descriptor"
    CATALOG_DATASET = "CATALOG_DATASET", "Dataset"
    DULE_CONSENT_POLICY = "DULE_CONSENT_POLICY", "Consent policy"
    PROFILE_SEGMENT = "PROFILE_SEGMENT", "Audience"
    PROFILE_MERGE = "PROFILE_MERGE", "Merge policy"
    FLOW = "FLOW", "Source dataflow"
    MAPPING_SET = "MAPPING_SET", "Mapping set"


def label(choices: type[TextChoices], raw: str) -> str:
    """The words for a raw value; an unknown value speaks for itself."""
    return str(choices(raw).label) if raw in choices.values else raw


def label_of_status(choices: type[TextChoices], raw: str) -> str:
    """The same for a status that the platform may spell in either case."""
    return label(choices, raw.upper()) if raw.upper() in choices.values else raw


def status_in_sentence(choices: type[TextChoices], raw: str) -> str:
    """The same within a sentence or on a badge: our words in small letters, an unknown one as it came."""
    return label(choices, raw.upper()).lower() if raw.upper() in choices.values else raw
