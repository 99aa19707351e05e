"""What promotions adds to the record."""

from dataclasses import dataclass

from django.db.models import TextChoices


class Verb(TextChoices):
    """Acts on packages, promotions and jobs. A value is never renamed or used again: old lines hold it."""

    SYNCHRONIZATION_REQUESTED = "package.synchronization_requested", "asked to synchronize"
    DEPENDENCIES_REQUESTED = "package.dependencies_requested", "asked to read the dependencies of"
    PUBLISH_REQUESTED = "package.publish_requested", "asked to publish"
    PUBLISH_ACCEPTED = "package.publish_accepted", "had the platform publish"
    PUBLISH_ENDED = "package.publish_ended", "saw the end of publishing"
    CREATION_REQUESTED = "package.creation_requested", "asked to create the package"
    ADDITION_REQUESTED = "package.addition_requested", "asked to add objects to"
    REMOVAL_REQUESTED = "package.removal_requested", "asked to remove objects from"
    EDIT_REQUESTED = "package.edit_requested", "asked to edit"
    DELETION_REQUESTED = "package.deletion_requested", "asked to delete"
    READING_REQUESTED = "package.reading_requested", "asked to read anew"
    OBJECTS_REQUESTED = "package.objects_requested", "asked for the objects of"
    CREATION_ACCEPTED = "package.creation_accepted", "had the platform create"
    ADDITION_ACCEPTED = "package.addition_accepted", "had the platform add objects to"
    REMOVAL_ACCEPTED = "package.removal_accepted", "had the platform remove objects from"
    EDIT_ACCEPTED = "package.edit_accepted", "had the platform edit"
    DELETION_ACCEPTED = "package.deletion_accepted", "had the platform delete"
    CHANGE_ENDED = "package.change_ended", "saw the end of"
    COMPARISON_REQUESTED = "package.comparison_requested", "asked to compare"
    HISTORY_REQUESTED = "package.history_requested", "asked for the versions of"
    VERSION_REQUESTED = "package.version_requested", "asked to save a new version of"
    VERSION_ACCEPTED = "package.version_accepted", "had the platform save a new version of"
    VERSION_ENDED = "package.version_ended", "saw the end of saving a new version of"
    JOURNEYS_SYNCHRONIZATION_REQUESTED = "journey.synchronization_requested", "asked to synchronize the journeys of"
    JOURNEY_READING_REQUESTED = "journey.reading_requested", "asked to read anew the journey"
    JOURNEY_COMPARISON_REQUESTED = "journey.comparison_requested", "asked to compare the journey"
    COPY_PUBLISHED = "journey.copy_published", "noted the publishing of"
    COPY_NOT_PUBLISHED = "journey.copy_not_published", "took back the note on the publishing of"
    PROMOTION_PLANNED = "promotion.planned", "planned the promotion"
    PROMOTION_CHANGED = "promotion.changed", "changed the promotion"
    PROMOTION_ABANDONED = "promotion.abandoned", "abandoned the promotion"
    FACTS_REFRESHED = "promotion.facts_refreshed", "asked for fresh facts on"
    PLAN_REOPENED = "promotion.plan_reopened", "reopened the plan of"
    ITEMS_DECIDED = "promotion.items_decided", "took decisions in the plan of"
    TEXT_CHOSEN = "promotion.text_chosen", "chose a text to decide in the plan of"
    TEXT_LEFT = "promotion.text_left", "took a text to decide out of the plan of"
    DECISION_UNDONE = "promotion.decision_undone", "took back the last decision on"
    MEMORY_SWITCHED = "promotion.memory_switched", "switched the offer of earlier decisions for"
    UNDO_PLANNED = "promotion.undo_planned", "planned to take back"
    CHECK_TICKED = "job.check_ticked", "ticked what was to check after"
    CHECK_UNTICKED = "job.check_unticked", "took back a tick of what was to check after"
    RECORD_DELETION_REQUESTED = "decisioning.deletion_requested", "asked to delete the record of"
    RECORD_DELETION_ACCEPTED = "decisioning.deletion_accepted", "had the platform delete the record of"
    RECORD_DELETION_ENDED = "decisioning.deletion_ended", "saw the end of"
    RUN_REPEATED = "promotion.run_repeated", "planned again"
    TARGETS_CHOSEN = "promotion.targets_chosen", "planned for several targets"
    APPROVAL_REQUESTED = "approval.requested", "asked for the"
    APPROVAL_GIVEN = "approval.given", "gave the"
    APPROVAL_REJECTED = "approval.rejected", "refused the"
    APPROVAL_WITHDRAWN = "approval.withdrawn", "withdrew the"
    APPROVAL_VOIDED = "approval.voided", "made void the"
    APPROVAL_EXPIRED = "approval.expired", "saw the end of time for the"
    IMPORT_REQUESTED = "job.import_requested", "asked to run the import"
    IMPORT_ACCEPTED = "job.import_accepted", "had the platform import"
    IMPORT_ENDED = "job.import_ended", "saw the end of the import"
    MIGRATION_REQUESTED = "job.migration_requested", "asked to run the migration"
    MIGRATION_ACCEPTED = "job.migration_accepted", "had the platform begin the migration"
    MIGRATION_ENDED = "job.migration_ended", "saw the end of the migration"
    ROLLBACK_REQUESTED = "job.rollback_requested", "asked to run the rollback"
    ROLLBACK_ACCEPTED = "job.rollback_accepted", "had the platform begin the rollback"
    ROLLBACK_ENDED = "job.rollback_ended", "saw the end of the rollback"
    JOB_CANCELLED = "job.cancelled", "cancelled the job"
    FOLLOWING_STOPPED = "job.following_stopped", "stopped following the job"
    FOLLOWING_RESUMED = "job.following_resumed", "went on following the job"
    ATTENTION_ADOPTED = "job.attention_adopted", "named the remote job of"
    ATTENTION_RETRIED = "job.attention_retried", "had sent again the job"
    ATTENTION_CLOSED = "job.attention_closed", "closed the job"
    JOBS_EXPORTED = "job.list_exported", "exported"
    SHARING_REQUESTED = "sharing.requested", "asked for the"
    SHARING_STOPPED = "sharing.stopped", "stopped the"
    SHARING_SYNCHRONIZATION_REQUESTED = "sharing.synchronization_requested", "asked to synchronize the sharing of"
    PARTNERSHIP_APPROVED = "sharing.partnership_approved", "approved the"
    PARTNERSHIP_REJECTED = "sharing.partnership_rejected", "rejected the"
    PARTNERSHIP_ASKED = "sharing.partnership_asked", "had the platform ask for a partnership with"
    APPROVAL_SENT = "sharing.approval_sent", "had the platform approve the partnership with"
    REJECTION_SENT = "sharing.rejection_sent", "had the platform reject the partnership with"
    PACKAGE_SENT = "sharing.package_sent", "had the platform send"
    PACKAGE_MADE_PUBLIC = "sharing.package_made_public", "had the platform make public"
    PACKAGE_FETCHED = "sharing.package_fetched", "had the platform fetch"
    SHARING_ENDED = "sharing.ended", "saw the end of"
    PACKAGE_ARRIVED = "sharing.package_arrived", "saw the arrival of"
    VIEW_SAVED = "view.saved", "saved the view"
    VIEW_RENAMED = "view.renamed", "renamed the view"
    VIEW_DELETED = "view.deleted", "deleted the view"


@dataclass(frozen=True)
class RunVerbs:
    """What the record says of the three steps of a run, as verbs of any registered kind."""

    requested: TextChoices
    accepted: TextChoices
    ended: TextChoices


IMPORT_VERBS = RunVerbs(Verb.IMPORT_REQUESTED, Verb.IMPORT_ACCEPTED, Verb.IMPORT_ENDED)
MIGRATION_VERBS = RunVerbs(Verb.MIGRATION_REQUESTED, Verb.MIGRATION_ACCEPTED, Verb.MIGRATION_ENDED)
ROLLBACK_VERBS = RunVerbs(Verb.ROLLBACK_REQUESTED, Verb.ROLLBACK_ACCEPTED, Verb.ROLLBACK_ENDED)


GROUP_LABELS = {
    "package": "Packages",
    "journey": "Journeys",
    "promotion": "Promotions",
    "decisioning": "Decisioning",
    "approval": "Approvals",
    "job": "Jobs",
    "sharing": "Sharing",
    "view": "Saved views",
}
