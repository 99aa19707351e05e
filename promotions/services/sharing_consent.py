"""Acts across organizations as something that somebody may be asked to consent to, and whether that still holds."""

import hashlib
import json
from typing import Any

from django.db.models import Model
from django.urls import reverse

from accounts.models import Organization
from accounts.services.audit import SubjectText
from clients.sandbox_tooling import RemotePackage
from promotions.choices import ApprovalState, JobState, LegState, PackageStatus, ProblemKind, SharingState, label
from promotions.engine.registry import Ending
from promotions.models import Approval, Job, Package, SharingLeg, SharingRequest
from promotions.services import chain, consent, sharing_audit, subjects

RULE = "It crosses the border of an organization."


class SharingConsent(subjects.Subject[SharingRequest]):
    """One consent for everything that follows from a request; it starts at once."""

    model = SharingRequest
    is_reason_needed = True

    def locked(self, thing: SharingRequest) -> SharingRequest:
        return chain.locked(thing)

    def organization(self, thing: SharingRequest) -> Organization:
        return thing.organization

    def concerned(self, thing: SharingRequest) -> list[Organization]:
        return sharing_audit.concerned_by(thing)

    def content_hash(self, thing: SharingRequest) -> str:
        return content_hash(thing)

    def title(self, thing: SharingRequest) -> str:
        return thing.title

    def url(self, thing: SharingRequest) -> str:
        return reverse("promotions:sharing-detail", args=[thing.pk])

    def parties(self, thing: SharingRequest) -> dict[int, str]:
        return {thing.created_by_id: "You asked for it. Somebody else has to decide."}

    def other_readers(self, thing: SharingRequest) -> Organization | None:
        return None

    def use(self, thing: SharingRequest) -> str:
        return "The sharing, which is under way," if thing.started_at is not None else ""

    def agreed(self, approval: Approval, thing: SharingRequest) -> None:
        chain.start(thing)

    def turned_down(self, thing: SharingRequest, changes: list[str]) -> None:
        chain.turn_down(thing, changes)

    def details(self, thing: SharingRequest) -> dict[str, Any]:
        return {"sharing_request": thing.pk, "what": thing.title}

    def seen_by(self, organization: Organization, approval: Approval) -> Model | SubjectText:
        return sharing_audit.seen_by(organization, approval)

    def details_for(self, organization: Organization, details: dict[str, Any]) -> dict[str, Any]:
        return sharing_audit.details_for_partners(details)


def content_hash(request: SharingRequest) -> str:
    """SHA-256 over who does what with which package, with whom, and the note; what a consent is bound to."""
    content = {
        "kind": request.kind,
        "organization": request.organization.remote_id,
        "facts": request.facts,
        "partners": sorted([leg.partner_id, leg.package_remote_id] for leg in request.legs.all()),
        "note": request.note,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def facts_of(package: Package) -> dict[str, Any]:
    """What an approver agrees to share: the package as it is now."""
    return {
        "id": package.remote_id,
        "name": package.name,
        "version": package.version,
        "artifacts": _digest((artifact.type, artifact.remote_id) for artifact in package.artifacts.all()),
        "artifact_count": package.artifact_count,
    }


def changes(job: Job, remote: RemotePackage) -> list[str]:
    """What differs between the package that was agreed to and the platform's of now, one sentence each."""
    leg = leg_of(job)
    agreed = leg.request.facts.get("package", {}) if leg is not None else {}
    if not agreed:
        return []
    found = []
    if remote.status != PackageStatus.PUBLISHED:
        found.append(f"“{agreed['name']}” is {label(PackageStatus, remote.status).lower()} now.")
    if remote.name != agreed["name"]:
        found.append(f"“{agreed['name']}” is called “{remote.name}” now.")
    if _digest((artifact.type, artifact.id) for artifact in remote.artifacts) != agreed["artifacts"]:
        found.append(f"“{agreed['name']}” holds other objects now: {len(remote.artifacts)}.")
    if None not in (agreed["version"], remote.version) and remote.version != agreed["version"]:
        found.append(
            f"“{agreed['name']}” was changed at the platform since (revision {agreed['version']}, "
            f"now {remote.version})."
        )
    return found


def leg_of(job: Job) -> SharingLeg | None:
    """The leg whose work this job does."""
    legs = SharingLeg.objects.select_related("request__organization", "request__package")
    return legs.filter(sending_job=job).first() or legs.filter(asking_job=job).first()


def lost(job: Job) -> Ending | None:
    """How a job ends whose request was stopped or whose consent does not hold; None if it may be sent."""
    leg = leg_of(job)
    if leg is None:
        return consent.not_held(["Nobody asked for it."])
    is_its_turn = leg.state == (LegState.SENDING if leg.sending_job_id == job.pk else LegState.ASKING)
    if leg.request.state != SharingState.UNDER_WAY or not is_its_turn:
        return Ending(
            state=JobState.CANCELLED,
            problem_kind=ProblemKind.PLAN_CHANGED,
            problem=f"Nothing was sent: the {leg.request} was stopped.",
        )
    approval = consent.latest(leg.request)
    if approval is None or approval.state != ApprovalState.APPROVED:
        return consent.not_held(["It has no approval."])
    reasons = consent.objections(approval)
    return consent.not_held(reasons) if reasons else None


def _digest(artifacts: Any) -> str:
    text = "\n".join(sorted(f"{type_} {remote_id}" for type_, remote_id in artifacts))
    return hashlib.sha256(text.encode()).hexdigest()
