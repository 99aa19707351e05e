"""What the writes of sharing have in common."""

from promotions.choices import JobState
from promotions.engine.registry import Ending
from promotions.models import Job
from promotions.services import routines, sharing_audit
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds
from promotions.systems.submission import RecordedSubmission


class SharingSubmission(RecordedSubmission):
    """A write that concerns other organizations: the record tells of it to each that lives here."""

    def partner_ids(self, job: Job) -> list[str]:
        """The other organizations that it concerns."""
        return [job.params["partner_id"]]

    def submitted(self, job: Job, *, how: str) -> None:
        sharing_audit.record(
            self.accepted_verb(job),
            actor=job.requested_by,
            subject=self.as_accepted(job),
            organization=job.organization,
            partner_ids=self.partner_ids(job),
            details={"remote_id": job.remote_id, "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if ending.state == JobState.NEEDS_ATTENTION:
            return
        if job.submit_count:
            self.let_partners_see(job)
        sharing_audit.record(
            Verb.SHARING_ENDED,
            actor=None,
            subject=self.as_ended(job),
            organization=job.organization,
            partner_ids=self.partner_ids(job),
            reason=ending.problem,
            details={"state": ending.state, "remote_status": job.remote_status},
        )

    def let_partners_see(self, job: Job) -> None:
        """Have the partners that live here look at once: it is their turn. To be called before the record."""
        for partner in sharing_audit.organizations_here(self.partner_ids(job)):
            if partner.pk != job.organization_id:
                routines.queue_anew(kinds.SYNCHRONIZE, partner)
