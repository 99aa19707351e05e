"""Synchronizing and publishing against the emulator."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import JobState, PackageStatus, ProblemKind, ResultOutcome
from promotions.models import Job, Package
from promotions.services import jobs, packages
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.packages import kinds
from promotions.systems.packages.connection import tooling
from tests.integration.promotions.conftest import Platform, known_package, run_due

pytestmark = pytest.mark.django_db

SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
EXPORT_PATH = "*/packages/*/export"


def draft_of(organization: Organization) -> Package:
    known_package(organization, "Loyalty schemas v3")
    return Package.objects.filter(organization=organization, status=PackageStatus.DRAFT, artifact_count__gt=0)[0]


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def publishes_sent(platform: Platform) -> int:
    return sum(row["path"].endswith("/export") and "/preflight/" not in row["path"] for row in platform.requests())


def test_a_pass_reads_every_package(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    job = drive(packages.request_synchronization(organization=acme, actor=operator))

    at_platform = [row for row in platform.state()["packages"] if acme.remote_id in row.values()]
    assert job.state == JobState.SUCCEEDED, job.problem
    assert Package.objects.filter(organization=acme, vanished_at=None).count() == len(at_platform)
    assert job.result["read"] == len(at_platform)


def test_a_second_pass_writes_nothing(acme: Organization, operator: User, drive: Callable[[Job], Job]) -> None:
    drive(packages.request_synchronization(organization=acme, actor=operator))

    job = drive(packages.request_synchronization(organization=acme, actor=operator))

    assert job.result["changed"] == 0


def test_asking_twice_gives_the_pass_that_is_under_way(acme: Organization, operator: User) -> None:
    first = packages.request_synchronization(organization=acme, actor=operator)

    second = packages.request_synchronization(organization=acme, actor=operator)

    assert first == second


def test_a_deleted_package_is_marked_as_vanished_and_kept(
    acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    drive(packages.request_synchronization(organization=acme, actor=operator))
    doomed = draft_of(acme)
    with tooling(acme) as client:
        client.delete_package(doomed.remote_id)

    job = drive(packages.request_synchronization(organization=acme, actor=operator))

    doomed.refresh_from_db()
    assert job.result["vanished"] == 1
    assert doomed.vanished_at is not None


def test_a_pass_that_breaks_off_marks_nothing_as_vanished(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    drive(packages.request_synchronization(organization=acme, actor=operator))
    platform.arm("GET", "*/exim/packages", "status", status=404, probability=1)

    job = drive(packages.request_synchronization(organization=acme, actor=operator))

    assert job.state == JobState.FAILED
    assert not Package.objects.filter(organization=acme).exclude(vanished_at=None).exists()


def test_publishing_ends_as_published(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    package = draft_of(acme)

    job = drive(packages.request_publish(package=package, expiry_days=30, actor=operator))

    package.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert package.status == PackageStatus.PUBLISHED
    assert publishes_sent(platform) == 1


@pytest.mark.parametrize("fault", ["reset", "empty"])
def test_a_lost_answer_to_publish_is_found_by_the_package_itself(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job], fault: str
) -> None:
    package = draft_of(acme)
    job = packages.request_publish(package=package, expiry_days=None, actor=operator)
    platform.arm("GET", EXPORT_PATH, fault, when="after", count=1)

    run_due()
    assert fresh(job).state == JobState.SUBMITTING
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED
    assert publishes_sent(platform) == 1


def test_a_failed_publish_says_so(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    package = draft_of(acme)
    platform.arm("GET", EXPORT_PATH, "publish_failure", count=1)

    job = drive(packages.request_publish(package=package, expiry_days=None, actor=operator))

    assert job.state == JobState.FAILED
    assert job.problem_kind == ProblemKind.REMOTE_FAILURE
    assert package.name in job.problem


def test_a_package_that_was_published_meanwhile_is_not_published_again(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    package = draft_of(acme)
    job = packages.request_publish(package=package, expiry_days=None, actor=operator)
    with tooling(acme) as client:
        client.publish_package(package.remote_id)

    drive(job)

    assert fresh(job).state == JobState.CANCELLED
    assert publishes_sent(platform) == 1  # the one by hand


def test_a_published_package_is_refused(acme: Organization, operator: User) -> None:
    package = known_package(acme, "Loyalty schemas v3")

    with pytest.raises(RefusedError, match="only a draft"):
        packages.request_publish(package=package, expiry_days=None, actor=operator)


def test_publishing_twice_is_refused_while_the_first_is_under_way(acme: Organization, operator: User) -> None:
    package = draft_of(acme)
    packages.request_publish(package=package, expiry_days=None, actor=operator)

    with pytest.raises(ConflictError, match="under way already"):
        packages.request_publish(package=package, expiry_days=None, actor=operator)


def discover(organization: Organization) -> Job:
    return jobs.queue_once(
        kind=kinds.DISCOVER_JOBS, title="Jobs started elsewhere", organization=organization, actor=None
    )


def test_an_import_started_elsewhere_becomes_a_job_and_shows_its_true_end(
    platform: Platform, acme: Organization, drive: Callable[[Job], Job]
) -> None:
    package = known_package(acme, "CRM identity foundation")
    with tooling(acme, sandbox="stage") as client:
        receipt = client.import_package(
            package.remote_id, target_sandbox="stage", name="By hand", description="", alternatives={}
        )
    platform.advance(120)

    drive(discover(acme))

    foreign = Job.objects.get(organization=acme, remote_id=receipt.job_id)
    assert foreign.is_foreign
    assert drive(foreign).state == JobState.SUCCEEDED_WITH_WARNINGS
    assert foreign.results.filter(outcome=ResultOutcome.HIDDEN_ERROR).exists()


def test_looking_twice_finds_nothing_new(acme: Organization, drive: Callable[[Job], Job]) -> None:
    drive(discover(acme))
    number = Job.objects.filter(is_foreign=True).count()

    drive(discover(acme))

    assert Job.objects.filter(is_foreign=True).count() == number


def test_a_later_pass_reads_only_what_the_last_complete_one_has_not_seen(
    acme: Organization, drive: Callable[[Job], Job]
) -> None:
    drive(discover(acme))
    Job.objects.filter(is_foreign=True, created_at__lt=timezone.now() - timedelta(days=2)).delete()
    number = Job.objects.filter(is_foreign=True).count()

    drive(discover(acme))

    assert Job.objects.filter(is_foreign=True).count() == number


def test_a_pass_that_could_not_read_all_does_not_shorten_the_next(
    acme: Organization, drive: Callable[[Job], Job]
) -> None:
    drive(discover(acme))
    Job.objects.filter(is_foreign=True).delete()
    Job.objects.filter(kind=kinds.DISCOVER_JOBS).update(result={"found": 1, "is_complete": False})

    drive(discover(acme))

    assert Job.objects.filter(is_foreign=True).exists()
