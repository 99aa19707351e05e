"""What API versions add to the record."""

from django.db.models import TextChoices

from promotions.services.verbs import RunVerbs


class ApiVerb(TextChoices):
    """Acts on API versions and their archives. A value is never renamed or used again: old lines hold it."""

    ARCHIVE_UPLOADED = "api.archive_uploaded", "uploaded the archive"
    ARCHIVE_ERASED = "api.archive_erased", "erased the archive"
    VERSION_NAMED = "api.version_named", "named the API version"
    VERSION_FORGOTTEN = "api.version_forgotten", "took out of the list the API version"
    STATE_NOTED = "api.state_noted", "noted the state of the API version"
    LISTING_REQUESTED = "api.listing_requested", "asked to list the assets of"
    RULE_CHANGED = "api.rule_changed", "changed the duplicate rule of"
    ACCOUNT_CHOSEN = "api.account_chosen", "chose an account to edit in the plan of"
    ACCOUNT_LEFT = "api.account_left", "left an account as exported in the plan of"
    EXPRESSIONS_ADDED = "api.expressions_added", "added expression files to the plan of"
    EXPRESSIONS_REMOVED = "api.expressions_removed", "took expression files out of the plan of"
    LIFECYCLE_REQUESTED = "api.lifecycle_requested", "asked to run the act"
    LIFECYCLE_ACCEPTED = "api.lifecycle_accepted", "had the platform carry out the act"
    LIFECYCLE_ENDED = "api.lifecycle_ended", "saw the end of the act"


GROUP_LABELS = {"api": "API versions"}
LIFECYCLE_VERBS = RunVerbs(ApiVerb.LIFECYCLE_REQUESTED, ApiVerb.LIFECYCLE_ACCEPTED, ApiVerb.LIFECYCLE_ENDED)
