"""What the jobs of sharing say, and what they look at before they send."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from clients.sandbox_tooling import RemotePackage
from promotions.choices import JobState
from promotions.engine import registry
from promotions.models import Job, Package
from promotions.systems.sharing import kinds, transferring
from promotions.systems.sharing.asking import AskSubmission
from promotions.systems.sharing.deciding import _region
from promotions.systems.sharing.pulling import PullSubmission
from promotions.systems.sharing.transferring import TransferSubmission
from tests.factories import OrganizationFactory, SandboxFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.factories_sharing import PARTNER_ID, TransferFactory

pytestmark = pytest.mark.django_db


def remote_package(package: Package, **said: Any) -> RemotePackage:
    values: dict[str, Any] = {
        "id": package.remote_id,
        "name": package.name,
        "description": "",
        "version": 1,
        "status": "PUBLISHED",
        "package_type": "PARTIAL",
        "visibility": "PRIVATE",
        "source_sandbox": "dev",
        "artifacts": (),
        "created_at": None,
        "modified_at": None,
        "published_at": None,
        "expires_at": timezone.now() + timedelta(days=9),
        "raw": {},
    }
    fields = RemotePackage.__dataclass_fields__
    missing = {name: None for name in fields if name not in values}
    return RemotePackage(**{**missing, **values, **said})


@pytest.fixture
def transfer_job() -> Job:
    package = PackageFactory(name="Loyalty")
    job: Job = JobFactory(
        kind=kinds.TRANSFER, organization=package.organization, package=package, params={"partner_id": PARTNER_ID}
    )
    return job


def test_a_published_package_that_is_as_agreed_may_be_sent(transfer_job: Job) -> None:
    remote = remote_package(transferring.package_of(transfer_job))

    assert transferring.reasons_not_to_send(transfer_job, remote) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(days=1)}, "“Loyalty” expired on "),
        ({"status": "PUBLISH_FAILED"}, "“Loyalty” is not published any more: it says “Publish failed”."),
    ],
)
def test_a_package_that_nobody_could_be_given_is_not_sent(transfer_job: Job, said: dict[str, Any], words: str) -> None:
    remote = remote_package(transferring.package_of(transfer_job), **said)

    (reason,) = transferring.reasons_not_to_send(transfer_job, remote)

    assert reason.startswith(words)


def test_a_package_that_is_gone_is_not_sent(transfer_job: Job) -> None:
    assert transferring.reasons_not_to_send(transfer_job, None) == ["“Loyalty” is no longer at the platform."]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "It gives no reason."),
        (["Fetched Package"], "The last step of 8 that it names is number 1, “Fetched Package”."),
        (["Finished with status: FAILED"], "It says: “Finished with status: FAILED”."),
        (
            ["Fetched Package", "Finished with status: FAILED"],
            "The last step of 8 that it names is number 1, “Fetched Package”. It says: “Finished with status: FAILED”.",
        ),
    ],
)
def test_a_failed_transfer_says_how_far_it_came(transfer_job: Job, steps: list[str], words: str) -> None:
    Job.objects.filter(pk=transfer_job.pk).update(remote_id="b" * 32, remote_status="FAILED")
    transfer_job.refresh_from_db()
    TransferFactory(package=transfer_job.package, remote_id="b" * 32, failed=True, steps=steps)

    ending = TransferSubmission().conclude(transfer_job)

    assert ending.state == JobState.FAILED
    assert f" {words} Remove the cause" in ending.problem


def test_what_came_of_a_request_is_told_in_words() -> None:
    job = JobFactory(kind=kinds.ASK, result={"status": "APPROVAL_PENDING"})
    at_once = JobFactory(kind=kinds.ASK, result={"status": "REJECTED"})

    assert AskSubmission().describe(job) == "Asked; the partner decides."
    assert AskSubmission().describe(at_once) == "Asked; it is rejected already."


def test_what_came_of_a_pull_tells_the_platforms_word_from_an_arrival() -> None:
    package = PackageFactory(name="Starter kit")
    job = JobFactory(
        kind=kinds.PULL, organization=package.organization, remote_id="b" * 32, result={"status": "COMPLETED"}
    )
    transfer = TransferFactory(incoming=True, completed=True, organization=package.organization, remote_id="b" * 32)
    before = PullSubmission().describe(job)
    transfer.package = package
    transfer.save()

    assert before.startswith("The platform says completed;")
    assert PullSubmission().describe(job) == "It arrived as “Starter kit”."


def test_the_region_is_the_organizations_or_else_its_default_sandboxs() -> None:
    organization: Organization = OrganizationFactory(region="")
    SandboxFactory(organization=organization, name="a", region="AUS5")
    SandboxFactory(organization=organization, name="b", region="NLD2", is_default=True)
    named = OrganizationFactory(region=" VA7 ")

    assert (_region(organization), _region(named), _region(OrganizationFactory())) == ("nld2", "va7", "")


def test_jobs_of_sharing_are_named_in_sentences() -> None:
    named = {kind: registry.named(kind, "Globex") for kind in (kinds.ASK, kinds.DECIDE, kinds.PUBLICITY, kinds.PULL)}

    assert named == {
        kinds.ASK: "Request for a partnership with “Globex”",
        kinds.DECIDE: "Decision on the partnership with “Globex”",
        kinds.PUBLICITY: "Making public of “Globex”",
        kinds.PULL: "Pulling of “Globex”",
    }
