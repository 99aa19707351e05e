"""Bringing a public package of another organization into ours."""

from clients.sandbox_sharing import RemoteTransfer, TransferType
from promotions.choices import TransferStatus
from promotions.engine.registry import Ending, Report, Submitted
from promotions.models import Job, Transfer
from promotions.services import arrivals, partner_names, sharing_consent
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds
from promotions.systems.sharing.connection import sharing
from promotions.systems.sharing.transferring import FollowedTransfer


class PullSubmission(FollowedTransfer):
    """No partnership is needed. The platform's word ends it; whether the package is here is another matter."""

    kind = kinds.PULL
    label = "Pull public package"
    phrase = "Pulling of"
    accepted = Verb.PACKAGE_FETCHED
    act = "fetching"
    request_type = TransferType.PUBLIC

    def partner_ids(self, job: Job) -> list[str]:
        return [_source_id(job)]

    def whereof(self, job: Job) -> str:
        source = partner_names.known_names(job.organization, [_source_id(job)]).get(_source_id(job))
        return f"package {job.params['package_id']} from {source or _source_id(job)}"

    def is_of(self, job: Job, row: RemoteTransfer) -> bool:
        return (
            row.package_id == job.params["package_id"]
            and row.source_id in ("", _source_id(job))
            and row.target_id in ("", job.organization.remote_id)
        )

    def recheck(self, job: Job, report: Report) -> Ending | None:
        """The consent alone: a package of others cannot be read before it is here."""
        return sharing_consent.lost(job)

    def submit(self, job: Job, report: Report) -> Submitted:
        with sharing(job.organization) as client:
            remote = client.pull_package(source_organization_id=_source_id(job), package_id=job.params["package_id"])
        return Submitted(remote.id, remote.raw)

    def wanted(self, job: Job) -> str:
        return f"a new transfer of package {job.params['package_id']} from {_source_id(job)}"

    def ended(self, job: Job, ending: Ending) -> None:
        arrivals.look(job.organization)
        super().ended(job, ending)

    def describe(self, job: Job) -> str:
        if job.result.get("status") != TransferStatus.COMPLETED:
            return ""
        transfer = Transfer.objects.filter(organization=job.organization, remote_id=job.remote_id).first()
        if transfer is None:
            return "The platform says completed."
        return arrivals.words(transfer) or f"It arrived as “{transfer.package}”."


def _source_id(job: Job) -> str:
    return str(job.params["source_id"])
