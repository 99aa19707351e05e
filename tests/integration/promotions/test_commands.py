"""The operators' commands against the emulator, with the engine in their own process."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState, PlanState
from promotions.models import Approval, Job, Package, Plan, Promotion
from promotions.services import approvals, runs
from promotions.systems.packages import kinds
from tests.commands import run_here
from tests.factories import CredentialFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.integration.promotions.conftest import STORY, Platform, known_package, run_due
from tests.integration.promotions.flowing_time import platform

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)

NO_DECISION = "needs a decision: create, reuse, update, keep, fill"


def promote(package: str, sandbox: str = "stage", *more: str, email: str = "operator@example.com") -> tuple[int, str]:
    return run_here("promote", package, sandbox, "--as", email, *more)


def decisions(folder: Path, items: dict[str, Any]) -> str:
    path = folder / "decisions.json"
    path.write_text(json.dumps({"items": items}))
    return str(path)


# sync_packages


def test_packages_are_read_to_the_end(acme: Organization) -> None:
    code, said = run_here("sync_packages")

    assert code == 0
    assert Package.objects.filter(organization=acme).count() > 30
    assert "packages read" in said
    assert AuditEvent.objects.get(verb="package.synchronization_requested").actor_id is None


def test_one_organization_can_be_named_by_name_or_id(acme: Organization) -> None:
    OrganizationFactory(name="Other")

    by_name, _ = run_here("sync_packages", "--organization", "Acme")
    by_id, _ = run_here("sync_packages", "--organization", acme.remote_id)

    assert (by_name, by_id) == (0, 0)
    assert set(Job.objects.values_list("organization__name", flat=True)) == {"Acme"}


def test_an_unknown_organization_is_refused_with_the_known_ones(acme: Organization) -> None:
    code, said = run_here("sync_packages", "--organization", "Acne")

    assert code == 1
    assert "There is no organization “Acne”. Known: Acme." in said
    assert not Job.objects.exists()


def test_without_a_credential_there_is_nothing_to_read(transactional_db: None) -> None:
    OrganizationFactory()

    code, said = run_here("sync_packages")

    assert code == 1
    assert "No organization has a credential yet." in said


def test_a_refused_credential_fails_with_the_cause(acme: Organization) -> None:
    acme.credentials.all().delete()
    CredentialFactory(organization=acme, client_id="nobody")

    code, said = run_here("sync_packages")

    assert code == 4
    assert said.count("Failed: Packages of Acme") == 1
    assert "Correct it under Settings and test it" in said


def test_without_waiting_the_job_is_only_queued(acme: Organization) -> None:
    out = StringIO()

    call_command("sync_packages", "--no-wait", stdout=out)

    assert Job.objects.get().state == JobState.QUEUED
    assert f"job {Job.objects.get().pk}" in out.getvalue()


def test_working_here_without_waiting_is_wrong_usage(acme: Organization) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("sync_packages", "--no-wait", "--run-here")

    assert caught.value.returncode == 2


def test_without_a_worker_the_command_says_so_and_gives_up_in_time(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promotions.management.following.NO_WORKER_AFTER_S", 0)
    out = StringIO()

    with pytest.raises(CommandError) as caught:
        call_command("sync_packages", "--timeout", "1", stdout=out)

    assert caught.value.returncode == 5
    assert "No worker has taken it so far." in out.getvalue()
    assert Job.objects.get().state == JobState.QUEUED


# promote


def test_an_import_runs_from_plan_to_verification(operator: User, acme: Organization, platform: Platform) -> None:
    package = known_package(acme, STORY)

    code, said = promote(
        STORY, "stage", "--accept-exact", "--create-rest", "--name", "Nightly", "--description", "By cron"
    )

    job = Job.objects.get(kind=kinds.IMPORT, is_foreign=False)
    assert code == 0
    assert (job.state, job.package_id, job.requested_by_id) == (JobState.SUCCEEDED, package.pk, operator.pk)
    assert "Succeeded: Nightly" in said
    assert "7 created, 6 reused, 1 unchanged" in said
    assert platform.imports_sent() == 1


def test_a_package_can_be_named_by_its_id(operator: User, acme: Organization) -> None:
    package = known_package(acme, STORY)

    code, said = promote(package.remote_id, "stage", "--plan-only", "--accept-exact", "--create-rest")

    assert code == 0
    assert "Ready to run. Nothing was run." in said


def test_planning_only_sends_nothing_and_says_why_it_is_not_ready(
    operator: User, acme: Organization, platform: Platform
) -> None:
    known_package(acme, STORY)

    code, said = promote(STORY, "stage", "--plan-only", "--accept-exact")

    assert code == 1
    assert "6 rows are undecided." in said
    assert "doubtful match" in said
    assert platform.imports_sent() == 0
    assert Plan.objects.get().state == PlanState.OPEN


def test_an_undecided_plan_is_not_run(operator: User, acme: Organization, platform: Platform) -> None:
    known_package(acme, STORY)

    code, said = promote(STORY)

    assert code == 1
    assert "Not run: 12 rows are undecided." in said
    assert platform.imports_sent() == 0


def test_decisions_come_from_a_file_by_key_and_by_title(operator: User, acme: Organization, tmp_path: Path) -> None:
    known_package(acme, STORY)
    promote(STORY, "stage", "--plan-only")
    items = {item.title: item for item in Plan.objects.get().items.all()}
    points, tiers = items["Points balance"], items["Member tier rules"]
    second = [choice["target"] for choice in points.choices if choice["target"]][1]
    path = decisions(
        tmp_path,
        {points.key: {"decision": "reuse", "target": second["id"]}, tiers.title: {"decision": "create"}},
    )

    code, _ = promote(STORY, "stage", "--plan-only", "--accept-exact", "--create-rest", "--decisions", path)

    decided = {item.title: item for item in Promotion.objects.latest("pk").current_plan.items.all()}
    assert code == 0
    assert (decided["Points balance"].target or {}).get("id") == second["id"]
    assert decided["Member tier rules"].decision == "create"


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        ({"No such thing": {"decision": "create"}}, "The plan has no object “No such thing”"),
        ({"Points balance": {"decision": "reuse", "target": "not-offered"}}, "That choice is not offered"),
    ],
)
def test_decisions_that_do_not_fit_the_plan_are_refused(
    operator: User, acme: Organization, platform: Platform, tmp_path: Path, items: dict[str, Any], complaint: str
) -> None:
    known_package(acme, STORY)

    code, said = promote(STORY, "stage", "--decisions", decisions(tmp_path, items), "--create-rest")

    assert code == 1
    assert complaint in said
    assert platform.imports_sent() == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "this is no JSON"),
        ("[]", 'the file must hold {"items": {...}}.'),
        ('{"items": {"x": {"decision": "delete"}}}', NO_DECISION),
        ('{"items": {"x": {"decision": ["create"]}}}', NO_DECISION),
        ('{"items": {"x": {"decision": "reuse"}}}', "names no target id"),
        ('{"items": {"x": "create"}}', NO_DECISION),
    ],
)
def test_a_decisions_file_that_cannot_be_read_is_wrong_usage(
    operator: User, tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(text)

    code, said = promote(STORY, "stage", "--decisions", str(path))

    assert code == 2
    assert complaint in said
    assert not Promotion.objects.exists()


def test_a_decisions_file_that_is_not_there_is_wrong_usage(operator: User, tmp_path: Path) -> None:
    code, said = promote(STORY, "stage", "--decisions", str(tmp_path / "none.json"))

    assert code == 2
    assert "cannot be read" in said


def test_a_partial_failure_names_the_object_and_its_cause(operator: User, acme: Organization) -> None:
    known_package(acme, "Store footfall sources")

    code, said = promote("Store footfall sources", "stage", "--accept-exact", "--create-rest")

    assert code == 4
    assert "Partly failed: Store footfall sources" in said
    assert "Source dataflow “Footfall sensor stream”: failed. Source dataflow uses a streaming connector" in said


def test_a_hidden_error_is_a_success_with_warnings(operator: User, acme: Organization) -> None:
    known_package(acme, "CRM identity foundation")

    code, said = promote("CRM identity foundation", "stage", "--accept-exact", "--create-rest")

    assert code == 3
    assert "Identity namespace “CRM contact key”: hidden error." in said


def test_facts_that_change_before_sending_cancel_the_run(
    operator: User, acme: Organization, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_package(acme, STORY)
    request_run = runs.request_run

    def request_and_change(**arguments: Any) -> Job:
        job = request_run(**arguments)
        Plan.objects.filter(jobs=job).update(facts={**arguments["plan"].facts, "package": {"id": "changed"}})
        return job

    monkeypatch.setattr(runs, "request_run", request_and_change)

    code, said = promote(STORY, "stage", "--accept-exact", "--create-rest")

    assert code == 6
    assert "Nothing was sent" in said
    assert platform.imports_sent() == 0


def test_a_job_that_does_not_end_in_time_is_told_from_a_failed_one(
    operator: User, acme: Organization, platform: Platform
) -> None:
    known_package(acme, STORY)
    platform.arm("POST", "/packages/import", "stuck_job")
    out = StringIO()

    with pytest.raises(CommandError) as caught:
        call_command(
            "promote", STORY, "stage", "--as", "operator@example.com", "--accept-exact", "--create-rest",
            "--run-here", "--timeout", "4", stdout=out,
        )  # fmt: skip

    assert caught.value.returncode == 5
    assert "is not over after 4 s" in str(caught.value)
    assert Job.objects.get(kind=kinds.IMPORT, is_foreign=False).state == JobState.RUNNING


def test_a_missing_right_keeps_the_plan_from_running(limited_acme: Organization, platform: Platform) -> None:
    user = UserFactory(email="operator@example.com")
    MembershipFactory(user=user, organization=limited_acme, role=Role.OPERATOR)
    known_package(limited_acme, "Consent audiences autumn")

    code, said = promote("Consent audiences autumn", "stage", "--accept-exact", "--create-rest")

    assert code == 1
    assert "a right is missing" in said
    assert platform.imports_sent() == 0


def test_production_is_not_run_without_an_approval(operator: User, acme: Organization, platform: Platform) -> None:
    known_package(acme, STORY)

    code, said = promote(STORY, "prod", "--accept-exact", "--create-rest")

    assert code == 1
    assert "needs an approval" in said
    assert platform.imports_sent() == 0


def test_an_approval_is_asked_for_and_the_import_runs_with_it(
    operator: User, acme: Organization, platform: Platform
) -> None:
    known_package(acme, STORY)
    approver = MembershipFactory(organization=acme, role=Role.APPROVER).user

    code, said = promote(STORY, "prod", "--accept-exact", "--create-rest", "--ask-approval", "Release 7")
    approval = Approval.objects.get()
    before = platform.imports_sent()
    approvals.approve(approval=approval, actor=approver)
    run_due()

    assert code == 7
    assert f"Asked for approval {approval.pk}" in said
    assert (approval.note, before, platform.imports_sent()) == ("Release 7", 0, 1)


def test_a_name_that_several_packages_have_is_answered_with_their_ids(operator: User, acme: Organization) -> None:
    package = known_package(acme, STORY)
    twin = Package.objects.exclude(pk=package.pk).filter(organization=acme).first()
    assert twin is not None
    Package.objects.filter(pk=twin.pk).update(name=STORY)

    code, said = promote(STORY)

    assert code == 1
    assert package.remote_id in said
    assert twin.remote_id in said


@pytest.mark.parametrize(
    ("package", "sandbox", "email", "complaint"),
    [
        ("Loyalty schemas", "stage", "operator@example.com", "No package “Loyalty schemas” is known in Acme."),
        (STORY, "staging", "operator@example.com", "Acme has no sandbox “staging”. Known: dev, prod, stage."),
        (STORY, "stage", "nobody@example.com", "There is no active person nobody@example.com."),
        (STORY, "stage", "viewer@example.com", "This needs the role operator in Acme."),
        (STORY, "stage", "stranger@example.com", f"No package “{STORY}” is known"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing_behind(
    operator: User, acme: Organization, package: str, sandbox: str, email: str, complaint: str
) -> None:
    known_package(acme, STORY)
    MembershipFactory(user=UserFactory(email="viewer@example.com"), organization=acme, role=Role.VIEWER)
    UserFactory(email="stranger@example.com")

    code, said = promote(package, sandbox, email=email)

    assert code == 1
    assert complaint in said
    assert not Promotion.objects.exists()


def test_a_draft_cannot_be_promoted(operator: User, acme: Organization) -> None:
    known_package(acme, STORY)
    draft = Package.objects.filter(organization=acme, status="DRAFT").first()
    assert draft is not None

    code, said = promote(draft.remote_id)

    assert code == 1
    assert "it is draft. Publish it first." in said


def test_an_entire_sandbox_needs_its_confirmation_from_the_file(
    operator: User, acme: Organization, tmp_path: Path
) -> None:
    known_package(acme, STORY)
    whole = Package.objects.filter(organization=acme, package_type="FULL", status="PUBLISHED").first()
    assert whole is not None
    path = decisions(tmp_path, {"confirmation": {"decision": "confirm"}})

    without, said = promote(whole.remote_id, "stage", "--plan-only", "--create-rest")
    confirmed, _ = promote(whole.remote_id, "stage", "--plan-only", "--decisions", path)

    assert (without, confirmed) == (1, 0)
    assert "is not confirmed yet." in said


def test_the_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    load_command_class("promotions", "promote").print_help("manage.py", "promote")

    said = capsys.readouterr().out
    for code in range(7):
        assert f"\n  {code}  " in said
