"""The clients against the emulated platform, over real HTTP."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiContractError,
    ApiNotFoundError,
    ApiRejectedError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.ims import ImsClient, OAuthServerToServer
from clients.sandbox_management import SandboxManagementClient
from clients.sandbox_tooling import ArtifactRef, RemoteJob, SandboxToolingClient
from clients.tokens import MemoryTokenStore
from clients.transport import adobe_connection
from emulator.app import create_app
from emulator.credentials import describe
from tests.integration.clients.conftest import Emulator

JOBS = "*/packages/jobs"
PACKAGES = "*/exim/packages"
IMPORT = "*/packages/import"


def submit(tooling: SandboxToolingClient, package_id: str, name: str = "to dev", target: str = "dev") -> str:
    receipt = tooling.import_package(
        package_id, target_sandbox=target, name=name, description="A note [marker-1]", alternatives={}
    )
    assert receipt.job_id
    return receipt.job_id


def finished(tooling: SandboxToolingClient, job_id: str) -> RemoteJob:
    latest = time.monotonic() + 20
    while (job := tooling.get_job(job_id)).status in ("PENDING", "IN_PROGRESS"):
        assert time.monotonic() < latest, job
        time.sleep(0.05)
    return job


@pytest.mark.parametrize("name", ["release robot", "legacy service account"])
def test_both_kinds_of_credential_get_a_token_and_see_the_sandboxes(name: str, emulator: Emulator) -> None:
    sandboxes = SandboxManagementClient(emulator.connect(name)).list_sandboxes()

    assert {"prod", "stage", "dev"} <= {sandbox.name for sandbox in sandboxes}
    assert {sandbox.type for sandbox in sandboxes} == {"production", "development"}


def test_a_credential_without_administration_rights_sees_its_sandboxes(emulator: Emulator) -> None:
    sandboxes = SandboxManagementClient(emulator.connect("limited robot")).list_sandboxes()

    assert sandboxes
    assert [row["status"] for row in emulator.requests()] == [403, 200]


def test_a_token_lasts_about_a_day(emulator: Emulator) -> None:
    with ImsClient(base_url=emulator.url) as ims:
        tokens = [ims.fetch_token(emulator.credential(0, name)) for name in ("release", "legacy")]

    for token in tokens:
        assert 23.5 < (token.expires_at - datetime.now(UTC)).total_seconds() / 3600 <= 24.1


def test_a_wrong_secret_is_a_problem_of_the_credential(emulator: Emulator) -> None:
    tooling = SandboxToolingClient(emulator.connect(client_secret="no-longer-valid"))

    with pytest.raises(ApiAuthError, match="Enter the new client secret") as caught:
        tooling.list_packages()

    assert caught.value.reason is AuthProblem.CREDENTIAL
    assert "no-longer-valid" not in f"{caught.value} {caught.value.body}"
    assert emulator.token_requests() == 1


def test_a_key_of_another_organization_is_a_problem_of_entitlement(emulator: Emulator) -> None:
    tooling = SandboxToolingClient(emulator.connect(acting_for=1))

    with pytest.raises(ApiAuthError) as caught:
        tooling.list_packages()

    assert caught.value.reason is AuthProblem.ENTITLEMENT


def test_all_packages_are_read_page_by_page(tooling: SandboxToolingClient) -> None:
    ids: list[str] = []
    while (page := tooling.list_packages(start=len(ids), limit=3)).items:
        ids += [package.id for package in page.items]
        if not page.has_next:
            break

    assert len(set(ids)) == len(ids) == page.total


def test_planning_reads_everything_and_writes_nothing(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package = tooling.get_package(published(), with_capabilities=True)
    conflicts = tooling.find_conflicts(package.id, target_sandbox="stage")
    nodes = tooling.list_children(package.id, [ArtifactRef(one.id, one.type) for one in package.artifacts])
    permissions = tooling.check_permissions(package.id, target_sandbox="stage")
    tooling.list_jobs(filters=["requestType==IMPORT"])

    assert {node.id for node in nodes} == {artifact.id for artifact in package.artifacts}
    assert {permission.artifact.id for permission in permissions} >= {artifact.id for artifact in package.artifacts}
    assert all(conflict.artifact.type for conflict in conflicts)
    assert emulator.writes() == []


def test_an_import_runs_and_its_objects_exist_afterwards(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()

    job = finished(tooling, submit(tooling, package_id))

    assert job.status == "SUCCESS"
    assert (job.request_type, job.target_sandbox) == ("IMPORT", "dev")
    assert job.tasks
    assert all(task.artifact.messages for task in job.tasks)
    created = [task.artifact for task in job.tasks if task.artifact.new_id]
    assert all(job.replacements[artifact.id] == artifact.new_id for artifact in created)
    assert len(emulator.writes()) == 1
    rows = [row for row in tooling.list_jobs(filters=["requestType==IMPORT"]).items if row.id == job.id]
    assert [(row.status, row.target_sandbox, row.description) for row in rows] == [
        ("SUCCESS", "dev", "A note [marker-1]")
    ]


def test_an_alternative_replaces_its_object(tooling: SandboxToolingClient) -> None:
    page = tooling.list_packages(filters=["status==PUBLISHED", "packageType==PARTIAL"], limit=50)
    package_id, conflict = next(
        (package.id, conflict)
        for package in page.items
        for conflict in tooling.find_conflicts(package.id, target_sandbox="dev")
        if conflict.suggestions
    )
    choice = conflict.suggestions[0]

    receipt = tooling.import_package(
        package_id,
        target_sandbox="dev",
        name="mapped",
        description="",
        alternatives={conflict.artifact.id: ArtifactRef(choice.id, choice.type)},
    )

    assert receipt.job_id
    assert finished(tooling, receipt.job_id).replacements[conflict.artifact.id] == choice.id


def test_a_package_lives_from_draft_to_public(tooling: SandboxToolingClient, published: Callable[[], str]) -> None:
    source = tooling.get_package(published())
    artifacts = [ArtifactRef(one.id, one.type) for one in source.artifacts]
    expiry = datetime(2031, 5, 20, 20, 5, 10, tzinfo=UTC)

    draft = tooling.create_package(
        name="Made by a test",
        description="First",
        package_type="PARTIAL",
        source_sandbox=source.source_sandbox or "dev",
        artifacts=artifacts[:1],
        expires_at=expiry,
    )
    added = tooling.add_artifacts(draft.id, artifacts, expires_at=expiry)
    removed = tooling.remove_artifacts(draft.id, artifacts[1:])
    renamed = tooling.update_package(
        draft.id, name="Renamed by a test", description="Second", source_sandbox=source.source_sandbox or "dev"
    )
    job_id = tooling.publish_package(draft.id, expiry_days=30).job_id
    assert job_id
    finished(tooling, job_id)
    public = tooling.make_public(draft.id)

    assert (draft.status, draft.expires_at, len(draft.artifacts)) == ("DRAFT", expiry, 1)
    assert len(added.artifacts) == len(artifacts)
    assert len(removed.artifacts) == 1
    assert (renamed.name, renamed.description) == ("Renamed by a test", "Second")
    assert (public.status, public.visibility) == ("PUBLISHED", "PUBLIC")
    assert tooling.get_payload(draft.id).package_id == draft.id
    tooling.delete_package(draft.id)
    with pytest.raises(ApiNotFoundError):
        tooling.get_package(draft.id)


def test_a_refused_import_keeps_the_platforms_words(tooling: SandboxToolingClient) -> None:
    draft = tooling.list_packages(filters=["status==DRAFT"]).items[0]

    with pytest.raises(ApiRejectedError) as caught:
        submit(tooling, draft.id)

    assert "PUBLISHED" in caught.value.message.upper()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_survives_a_failing_gateway(status: int, emulator: Emulator, tooling: SandboxToolingClient) -> None:
    emulator.arm(method="GET", path=PACKAGES, fault="status", status=status)

    assert tooling.list_packages().items
    assert [row["status"] for row in emulator.requests()] == [status, 200]


@pytest.mark.parametrize("fault", ["reset", "cut_line", "html", "rate_limit"])
def test_a_read_survives_what_passes(fault: str, emulator: Emulator, tooling: SandboxToolingClient) -> None:
    emulator.arm(method="GET", path=PACKAGES, fault=fault)

    assert tooling.list_packages().items


@pytest.mark.parametrize("fault", ["empty", "truncated"])
def test_an_unreadable_answer_to_a_read_breaks_the_contract(
    fault: str, emulator: Emulator, tooling: SandboxToolingClient
) -> None:
    emulator.arm(method="GET", path=JOBS, fault=fault)

    with pytest.raises(ApiContractError):
        tooling.list_jobs()


def test_an_error_inside_a_200_of_the_token_route_is_a_refusal(
    emulator: Emulator, tooling: SandboxToolingClient
) -> None:
    emulator.arm(method="POST", path="/ims/token/v3", fault="error_in_200")

    with pytest.raises(ApiAuthError) as caught:
        tooling.list_packages()

    assert caught.value.reason is AuthProblem.CREDENTIAL
    assert emulator.token_requests() == 1


def test_a_hanging_read_ends_at_its_deadline_and_is_tried_again(
    emulator: Emulator, tooling: SandboxToolingClient
) -> None:
    emulator.arm(method="GET", path=JOBS, fault="hang")

    assert tooling.list_jobs().received >= 0
    assert len(emulator.requests()) >= 1


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 502}, {"fault": "reset"}, {"fault": "truncated"}])
def test_an_import_whose_answer_is_lost_is_sent_once_and_found_in_the_list(
    fault: dict[str, object], emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.arm(method="POST", path=IMPORT, when="after", **fault)

    with pytest.raises(OutcomeUnknownError) as caught:
        submit(tooling, package_id, name="lost and found")

    assert caught.value.sent
    names = [row.name for row in tooling.list_jobs(filters=["requestType==IMPORT"]).items]
    assert names.count("lost and found") == 1
    assert len(emulator.writes()) == 1


def test_a_throttled_import_was_not_done(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.arm(method="POST", path=IMPORT, fault="rate_limit", retry_after=7)

    with pytest.raises(ApiBusyError) as caught:
        submit(tooling, package_id, name="throttled")

    assert caught.value.retry_after_s == 7
    assert "throttled" not in [row.name for row in tooling.list_jobs().items]


def test_a_token_refused_at_an_import_is_renewed_for_the_next_call_and_the_import_is_left_to_the_caller(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.forget_requests()
    emulator.arm(method="POST", path=IMPORT, fault="token_rejected")

    with pytest.raises(ApiAuthError):
        submit(tooling, package_id, name="renewed")

    assert [row.name for row in tooling.list_jobs().items].count("renewed") == 0
    assert emulator.token_requests() == 1


def test_a_success_that_hides_an_error_can_be_read_from_its_messages(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.arm(method="POST", path=IMPORT, fault="hidden_error")

    job = finished(tooling, submit(tooling, package_id))

    messages = [message for task in job.tasks for message in task.artifact.messages]
    assert job.status == "SUCCESS"
    assert any(message.inner_status == 400 and message.inner_title for message in messages)


def test_a_partial_failure_keeps_its_failed_tasks(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.arm(method="POST", path=IMPORT, fault="partial_failure")

    job = finished(tooling, submit(tooling, package_id, target="stage"))

    assert any(task.failed_list for task in job.tasks)


def test_an_unknown_status_is_kept_as_it_came(
    emulator: Emulator, tooling: SandboxToolingClient, published: Callable[[], str]
) -> None:
    package_id = published()
    emulator.arm(method="POST", path=IMPORT, fault="unknown_status")

    job = finished(tooling, submit(tooling, package_id))

    assert job.status
    assert job.status not in ("SUCCESS", "FAILED", "CANCELLED")


def test_the_clients_also_work_in_one_process_without_a_port() -> None:
    transport = httpx.WSGITransport(app=create_app(seed="small", speed=0))
    url = "http://127.0.0.1"
    organization = describe("small", url)["organizations"][0]
    row = organization["credentials"][0]
    credential = OAuthServerToServer(row["client_id"], row["client_secret"], tuple(row["scopes"]))
    with (
        ImsClient(base_url=url, transport=transport) as ims,
        adobe_connection(
            base_url=url,
            ims_org_id=organization["ims_org_id"],
            credential=credential,
            token_store=MemoryTokenStore(),
            ims=ims,
            transport=transport,
        ) as connection,
    ):
        packages = SandboxToolingClient(connection).list_packages().items

    assert packages
