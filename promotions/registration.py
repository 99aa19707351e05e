"""Everything promotions tells others at start: job types, systems, routines, audit verbs, what uses an organization."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import registries
from accounts.errors import Usage
from accounts.models import Credential, Organization, User
from accounts.services import audit, idempotency, rotation, usage
from accounts.services.notices import NoticeKind, register_kind
from promotions.choices import UNFINISHED, UNFINISHED_SHARINGS, PlanState
from promotions.engine import chores, hooks, registry, schedules
from promotions.engine.schedules import Routine
from promotions.models import Job, Promotion, RemoteDocument, SealedValue
from promotions.services import (
    approvals,
    archives,
    arrivals,
    chain,
    job_notices,
    jobs,
    plans,
    routines,
    sealed_files,
    sealed_values,
    sharing_clock,
    subjects,
    transfers,
    verbs,
)
from promotions.services.plan_consent import PlanConsent
from promotions.services.sharing_consent import SharingConsent
from promotions.systems import accounts_jobs, base
from promotions.systems.decisioning import registration as decisioning
from promotions.systems.gathering import Gathering
from promotions.systems.journeys import registration as journeys
from promotions.systems.packages import kinds
from promotions.systems.packages.comparing import CompareSubmission
from promotions.systems.packages.creating import CreateSubmission
from promotions.systems.packages.deleting import DeleteSubmission
from promotions.systems.packages.dependencies import ReadDependencies
from promotions.systems.packages.editing import AddSubmission, EditSubmission, RemoveSubmission
from promotions.systems.packages.importing import ImportSubmission
from promotions.systems.packages.planning import PackageSystem
from promotions.systems.packages.publishing import PublishSubmission
from promotions.systems.packages.reading import ReadObjects, ReadPackage
from promotions.systems.packages.synchronizing import DiscoverJobs, Synchronize
from promotions.systems.packages.updating import UpdateSubmission
from promotions.systems.packages.versioning import ReadHistory, SaveVersion
from promotions.systems.sharing import kinds as sharing_kinds
from promotions.systems.sharing.asking import AskSubmission
from promotions.systems.sharing.deciding import DecideSubmission
from promotions.systems.sharing.publicity import PublicitySubmission
from promotions.systems.sharing.pulling import PullSubmission
from promotions.systems.sharing.synchronizing import SynchronizeSharing
from promotions.systems.sharing.transferring import TransferSubmission
from promotions.systems.snaplogic import registration as snaplogic

NOTICE_KINDS = (
    NoticeKind(
        "approval_wanted",
        "An approval is wanted from me",
        "Somebody asks for the consent to a promotion, and you are one of those who may give it.",
    ),
    NoticeKind(
        "approval_decided",
        "My request was approved, rejected or became void",
        "Somebody decided on what you asked for, or what it rested on has changed.",
    ),
    NoticeKind(
        "job_attention",
        "A job of mine needs attention",
        "What became of it cannot be known without you; it waits until somebody decides.",
    ),
    NoticeKind(
        "job_ended",
        "A job of mine ended",
        "An import or a publishing that you asked for is over, well or not, or a plan could not be made.",
    ),
    NoticeKind(
        "sharing_ended",
        "Sharing that I asked for ended",
        "A partnership, a transfer or a publication that you asked for is over, well or not.",
    ),
    NoticeKind(
        "package_arrived",
        "A package arrived from another organization",
        "It was shared with an organization whose operator you are, or pulled into it, and can be imported.",
    ),
    NoticeKind(
        "transfer_slow",
        "A transfer takes longer than usual",
        "A package that you sent, or one of an organization whose operator you are, is under way for unusually long.",
    ),
    NoticeKind(
        "expiry",
        "Credentials and packages about to expire",
        "14 days, 7 days and 1 day before: credentials of organizations whose admin you are, packages of those whose "
        "operator you are.",
    ),
)


def register() -> None:
    """Called once, when Django is ready."""
    audit.register_verbs(verbs.Verb, groups=verbs.GROUP_LABELS)
    base.register(PackageSystem())
    subjects.register(PlanConsent())
    subjects.register(SharingConsent())
    for job_type in (
        Gathering(),
        ImportSubmission(),
        PublishSubmission(),
        CreateSubmission(),
        AddSubmission(),
        RemoveSubmission(),
        EditSubmission(),
        DeleteSubmission(),
        ReadPackage(),
        ReadObjects(),
        Synchronize(),
        DiscoverJobs(),
        ReadDependencies(),
        CompareSubmission(),
        SaveVersion(),
        ReadHistory(),
        UpdateSubmission(),
        AskSubmission(),
        DecideSubmission(),
        TransferSubmission(),
        PublicitySubmission(),
        PullSubmission(),
        SynchronizeSharing(),
        accounts_jobs.TestCredential(),
        accounts_jobs.ReadSandboxes(),
    ):
        registry.register(job_type)
    every = timedelta(seconds=settings.SYNC_INTERVAL_S)
    for kind, interval in (
        (accounts_jobs.READ_SANDBOXES, 4 * every),
        (kinds.SYNCHRONIZE, every),
        (kinds.DISCOVER_JOBS, every / 3),
        (sharing_kinds.SYNCHRONIZE, every / 3),
    ):
        schedules.register(Routine(kind, interval, routines.request_of(kind)))
    chores.register("approvals", approvals.expire_late)
    chores.register("sharing", chain.advance_all)
    chores.register("sharing awaited", sharing_clock.queue_awaited)
    chores.register("arrivals", arrivals.find_all)
    chores.register("slow transfers", transfers.note_slow)
    chores.register("idempotency", idempotency.forget_old)
    chores.register("typed secrets", sealed_values.forget_old)
    chores.register("archives", archives.forget_old)
    for notice_kind in NOTICE_KINDS:
        register_kind(notice_kind)
    hooks.on_end(job_notices.job_ended)
    hooks.on_end(chain.job_ended)
    hooks.on_end(arrivals.packages_read)
    hooks.on_resume(job_notices.job_resumed)
    registries.register_credential_test(_start_credential_test)
    registries.register_pages(
        {
            "promotions.approval": "promotions:approval-detail",
            "promotions.job": "promotions:job-detail",
            "promotions.package": "promotions:package-detail",
            "promotions.promotion": "promotions:promotion-detail",
            "promotions.promotiongroup": "promotions:group-detail",
            "promotions.partnership": "promotions:partnership-detail",
            "promotions.sharingrequest": "promotions:sharing-detail",
        }
    )
    registries.register_sandbox_sync(_start_sandbox_sync)
    usage.register(_used_by)
    usage.register_for_value(plans.uses_of_value)
    for model in (RemoteDocument, SealedValue):
        rotation.register(model, "sealed")
    rotation.register_store(sealed_files.Store())
    journeys.register()
    decisioning.register()
    snaplogic.register()


@transaction.atomic
def _start_credential_test(credential: Credential, actor: User) -> str:
    job = jobs.queue_once(
        kind=accounts_jobs.TEST_CREDENTIAL,
        title=f"Test of {credential}",
        organization=credential.organization,
        actor=actor,
        credential=credential,
    )
    return reverse("promotions:job-detail", args=[job.pk])


@transaction.atomic
def _start_sandbox_sync(organization: Organization, actor: User) -> str:
    job = jobs.queue_once(
        kind=accounts_jobs.READ_SANDBOXES,
        title=f"Sandboxes of {organization}",
        organization=organization,
        actor=actor,
    )
    return reverse("promotions:job-detail", args=[job.pk])


def _used_by(organization: Organization) -> list[Usage]:
    unfinished = Job.objects.filter(organization=organization, state__in=UNFINISHED, is_quiet=False, is_foreign=False)
    open_plans = (
        Promotion.objects.filter(target_organization=organization, abandoned_at=None)
        .filter(plans__state__in=[PlanState.GATHERING, PlanState.OPEN])
        .distinct()
    )
    sharing = organization.sharing_requests.filter(state__in=UNFINISHED_SHARINGS).prefetch_related("legs")
    return [
        *(Usage(f"Unfinished job: {job.title}", reverse("promotions:job-detail", args=[job.pk])) for job in unfinished),
        *(
            Usage(f"Open plan: {promotion}", reverse("promotions:promotion-detail", args=[promotion.pk]))
            for promotion in open_plans
        ),
        *(
            Usage(f"Unfinished: {request}", reverse("promotions:sharing-detail", args=[request.pk]))
            for request in sharing
        ),
    ]
