"""An installation with something to lose, made and looked at by a program of its own: world.py fill|show.

Prints what there is as JSON.
"""

import json
import os
import sys
from datetime import timedelta

import django


def fill() -> None:
    from django.conf import settings
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction
    from django.utils import timezone

    from accounts.services import audit
    from promotions.choices import JobState
    from promotions.engine import submissions
    from promotions.models import Archive
    from promotions.services import archives
    from promotions.systems.packages import kinds
    from tests.factories import CredentialFactory, MembershipFactory, OrganizationFactory, UserFactory
    from tests.factories_promotions import ApprovalFactory, JobFactory
    from tests.unit.promotions.zip_making import exported

    person = UserFactory(email="owner@example.com")
    acme = OrganizationFactory(name="Acme")
    MembershipFactory(user=person, organization=acme, role="admin")
    CredentialFactory(organization=acme)
    sent = timezone.now() - timedelta(minutes=5)
    write = {"kind": kinds.IMPORT, "organization": acme, "requested_by": person, "created_at": sent}

    def imported(title: str, **fields: object) -> None:
        JobFactory(title=title, marker=submissions.new_marker(), **{**write, **fields})

    imported("queued")
    imported("submitting", state=JobState.SUBMITTING, started_at=sent, submit_at=sent, submit_count=1)
    imported("running", state=JobState.RUNNING, remote_id="remote-1", started_at=sent, submit_count=1)
    imported("done", state=JobState.SUCCEEDED, remote_id="remote-2", started_at=sent, finished_at=sent)
    JobFactory(title="reading", kind=kinds.SYNCHRONIZE, organization=acme)
    JobFactory(title="foreign", kind=kinds.IMPORT, organization=acme, is_foreign=True, state=JobState.RUNNING)
    ApprovalFactory(plan__promotion__package__organization=acme)
    session = SessionStore()
    session["_auth_user_id"] = str(person.pk)
    session.save()
    with transaction.atomic():
        audit.record(audit.Verb.ORGANIZATION_CREATED, actor=person, subject=acme)
        audit.record(audit.Verb.SIGNED_IN, actor=person, subject=person)
    uploads = settings.DATA_DIR / "files" / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "flow.zip").write_bytes(bytes(range(256)) * 999)
    for name in ("orders.zip", "refunds.zip", "erased.zip"):
        archives.receive(organization=acme, chunks=[exported()], file_name=name, actor=person)
    archives.erase(archive=Archive.objects.get(name="erased.zip"), actor=person)


def show() -> None:
    from django.conf import settings
    from django.contrib.sessions.models import Session

    from accounts.models import AuditEvent, Credential, User
    from accounts.services import audit
    from accounts.services.credentials import read_secrets
    from promotions.models import Approval, Archive, Job, Plan
    from promotions.services import archives

    def state_of(archive: Archive) -> str:
        try:
            archives.require_intact(archive)
        except archives.DamagedError as damage:
            return str(damage)
        return "intact"

    files = settings.DATA_DIR / "files"
    result = audit.verify()
    sys.stdout.write(
        json.dumps(
            {
                "people": list(User.objects.values_list("email", flat=True).order_by("pk")),
                "secrets": [secret for row in Credential.objects.all() for secret in read_secrets(row).values()],
                "jobs": {
                    job.title: {
                        "state": job.state,
                        "problem": job.problem,
                        "sent": job.submit_count,
                        "started": job.started_at is not None,
                        "lease": job.lease_token,
                        "due": job.due_at.year,
                        "events": [event.text for event in job.events.all()],
                    }
                    for job in Job.objects.all()
                },
                "approvals": list(Approval.objects.values_list("state", flat=True)),
                "plans": list(Plan.objects.order_by("revision").values_list("state", flat=True)),
                "sessions": Session.objects.count(),
                "verbs": list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True)),
                "intact": result.is_intact,
                "archives": {archive.name: state_of(archive) for archive in Archive.objects.all()},
                "files": {
                    str(path.relative_to(files)): path.stat().st_size for path in files.rglob("*") if path.is_file()
                },
            }
        )
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    {"fill": fill, "show": show}[sys.argv[1]]()
