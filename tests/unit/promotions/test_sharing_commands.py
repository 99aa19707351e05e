"""Asking to share from the command line: who may, what is refused, whose approval is awaited, how it is followed."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import load_command_class

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState, LegState, SharingKind, SharingState
from promotions.management import following, sharing
from promotions.models import Approval, Job, Package, SharingRequest
from promotions.services import approvals, chain
from promotions.systems.sharing import kinds
from tests.commands import run
from tests.factories import MembershipFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory

pytestmark = pytest.mark.django_db

OTHER_ID = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"
COMMANDS = ("request_partnership", "share_package", "pull_package")


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def package(organization: Organization) -> Package:
    made: Package = PackageFactory(organization=organization, name="Loyalty")
    return made


def share(*more: str, email: str = "teammate@example.com") -> tuple[int, str]:
    return run("share_package", "Loyalty", "--with", PARTNER_ID, "--as", email, *more)


def partnership(*more: str, email: str = "teammate@example.com") -> tuple[int, str]:
    return run("request_partnership", "--organization", "Acme", "--with", PARTNER_ID, "--as", email, *more)


def pull(*more: str) -> tuple[int, str]:
    return run("pull_package", "--organization", "Acme", "--as", "teammate@example.com", *more)


# Asking


def test_sharing_is_asked_for_and_its_approver_is_named(teammate: User, approver: User, package: Package) -> None:
    code, said = share("--with", OTHER_ID, "--note", "For the loyalty team")

    request = SharingRequest.objects.get()
    assert code == sharing.EXIT_WAITS == 7
    assert (request.kind, request.created_by, request.note) == (SharingKind.SHARE, teammate, "For the loyalty team")
    assert [leg.partner_id for leg in request.legs.all()] == [PARTNER_ID, OTHER_ID]
    assert f"Approval {Approval.objects.get().pk} waits for Ada Approver, until" in said
    assert not Job.objects.exists()
    assert set(AuditEvent.objects.values_list("actor_id", flat=True)) == {teammate.pk}


def test_a_partnership_is_asked_for(teammate: User, approver: User) -> None:
    code, said = partnership()

    assert code == 7
    assert SharingRequest.objects.get().kind == SharingKind.PARTNERSHIP
    assert f"Asked for the partnership with {PARTNER_ID}" in said


def test_packages_are_pulled_by_payload_and_by_ids(teammate: User, approver: User, tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text(f'{{"imsOrgId": "{PARTNER_ID}", "packageId": "{"a" * 32}"}}')

    code, _ = pull("--payload", str(payload), "--package", OTHER_ID, "b" * 32)

    legs = SharingRequest.objects.get().legs.values_list("partner_id", "package_remote_id")
    assert code == 7
    assert list(legs) == [(PARTNER_ID, "a" * 32), (OTHER_ID, "b" * 32)]


def test_a_payload_is_read_from_standard_input(teammate: User, approver: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f'{{"imsOrgId": "{PARTNER_ID}", "packageId": "{"a" * 32}"}}'))

    code, _ = pull("--payload", "-")

    assert code == 7
    assert SharingRequest.objects.get().legs.get().package_remote_id == "a" * 32


def test_without_anybody_who_could_approve_it_says_so(teammate: User, package: Package) -> None:
    code, said = share()

    assert code == 7
    assert "nobody can give it: it needs an approver of Acme other than Tim Teammate" in said


# Refusals


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("nobody@example.com", "There is no active person nobody@example.com."),
        ("viewer@example.com", "This needs the role operator in Acme."),
        ("stranger@example.com", "is known in"),
    ],
)
def test_who_may_not_share_is_told_why_and_leaves_nothing_behind(
    teammate: User, stranger: User, package: Package, organization: Organization, email: str, words: str
) -> None:
    MembershipFactory(user=UserFactory(email="viewer@example.com"), organization=organization, role=Role.VIEWER)

    code, said = share(email=email)

    assert code == following.EXIT_REFUSED == 1
    assert words in said
    assert not SharingRequest.objects.exists()


def test_a_stranger_does_not_learn_of_an_organization(teammate: User, stranger: User) -> None:
    code, said = partnership(email="stranger@example.com")

    assert code == 1
    assert "There is no organization “Acme”. Known: Globex." in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("request_partnership", "--organization", "Acme", "--with", "globex"), "“globex” is no organization id"),
        (("share_package", "Nothing", "--with", PARTNER_ID), "No package “Nothing” is known in Acme."),
        (("share_package", "Draft", "--with", PARTNER_ID), "only a published package can be shared"),
        (("pull_package", "--organization", "Acme", "--package", "globex", "1"), "names no package"),
    ],
)
def test_what_the_pages_refuse_is_refused_here(
    teammate: User, organization: Organization, arguments: tuple[str, ...], words: str
) -> None:
    PackageFactory(organization=organization, name="Draft", draft=True)

    code, said = run(*arguments, "--as", "teammate@example.com")

    assert code == 1
    assert words in said
    assert not SharingRequest.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ('{"packageId": "1"}', "has no imsOrgId"), ("", "is empty")]
)
def test_a_payload_that_cannot_be_read_is_wrong_usage(teammate: User, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "payload.json"
    path.write_text(text)

    code, said = pull("--payload", str(path))

    assert code == 2
    assert words in said


def test_nothing_to_pull_and_a_missing_file_are_wrong_usage(teammate: User, tmp_path: Path) -> None:
    nothing, _ = pull()
    missing, said = pull("--payload", str(tmp_path / "none.json"))

    assert (nothing, missing) == (2, 2)
    assert "cannot be read" in said


def test_working_here_without_waiting_is_wrong_usage(teammate: User, package: Package) -> None:
    code, said = share("--run-here")

    assert code == 2
    assert "needs --wait" in said
    assert not SharingRequest.objects.exists()


# Following


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What others do while a command waits: one thing at each of its pauses, after which nothing more may be needed."""

    def set_up(*acts: Callable[[], object]) -> None:
        left = list(acts)

        def pause(_: sharing.RequestFollower) -> None:
            assert left, "the command waits for more than was to happen"
            left.pop(0)()

        monkeypatch.setattr(sharing.RequestFollower, "pause", pause)

    return set_up


def approve(approver: User) -> None:
    approvals.approve(approval=Approval.objects.get(), actor=approver, reason="They need it")


def end_job(kind: str, state: JobState, problem: str = "") -> None:
    Job.objects.filter(kind=kind).update(state=state, problem=problem)
    chain.advance(SharingRequest.objects.get())


def test_it_is_followed_from_the_approval_to_the_end(
    teammate: User, approver: User, organization: Organization, package: Package, meanwhile: Callable[..., None]
) -> None:
    PartnershipFactory(organization=organization, approved=True)
    meanwhile(lambda: approve(approver), lambda: end_job(kinds.TRANSFER, JobState.SUCCEEDED))

    code, said = share("--wait")

    assert code == 0
    assert "Approved by Ada Approver: They need it" in said
    assert "On its way" in said
    assert f"Done: sharing of “Loyalty” with Globex (request {SharingRequest.objects.get().pk})" in said
    assert said.count("Approved by") == 1


def test_a_rejection_ends_the_waiting(
    teammate: User, approver: User, package: Package, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: approvals.reject(approval=Approval.objects.get(), actor=approver, reason="Not this year"))

    code, said = share("--wait")

    assert code == 6
    assert "Rejected by Ada Approver: Not this year" in said
    assert "Not approved: sharing of “Loyalty”" in said


def test_a_failure_says_what_failed(
    teammate: User, approver: User, organization: Organization, package: Package, meanwhile: Callable[..., None]
) -> None:
    PartnershipFactory(organization=organization, approved=True)
    meanwhile(lambda: approve(approver), lambda: end_job(kinds.TRANSFER, JobState.FAILED, "Their sandbox is full."))

    code, said = share("--wait")

    assert code == 4
    assert "Globex: failed. Their sandbox is full." in said


def test_one_of_two_partners_makes_it_partly_done(
    teammate: User, approver: User, organization: Organization, package: Package, meanwhile: Callable[..., None]
) -> None:
    PartnershipFactory(organization=organization, approved=True)
    rejected = PartnershipFactory(organization=organization, partner_id=OTHER_ID, partner_name="Initech", outgoing=True)

    def refuse() -> None:
        type(rejected).objects.filter(pk=rejected.pk).update(status="REJECTED")
        end_job(kinds.TRANSFER, JobState.SUCCEEDED)

    meanwhile(lambda: approve(approver), refuse)

    code, said = share("--with", OTHER_ID, "--wait")

    assert code == 3
    assert "Globex: done" in said
    assert "Initech: refused by the partner. Initech rejected the partnership." in said


def test_a_job_that_needs_a_person_ends_the_waiting(
    teammate: User, approver: User, organization: Organization, package: Package, meanwhile: Callable[..., None]
) -> None:
    PartnershipFactory(organization=organization, approved=True)
    meanwhile(
        lambda: approve(approver), lambda: end_job(kinds.TRANSFER, JobState.NEEDS_ATTENTION, "Several transfers fit.")
    )

    code, said = share("--wait")

    job = Job.objects.get(kind=kinds.TRANSFER)
    assert code == 5
    assert f"Several transfers fit. Job {job.pk} waits for a person." in said
    assert SharingRequest.objects.get().state == SharingState.UNDER_WAY


def test_what_is_not_over_in_time_is_told_from_what_failed(teammate: User, approver: User, package: Package) -> None:
    code, said = share("--wait", "--timeout", "0.1")

    assert code == following.EXIT_TIMEOUT == 5
    assert "is not over after 0 s: waiting for approval." in said
    assert SharingRequest.objects.get().legs.get().state == LegState.WAITING


def test_a_job_that_nobody_takes_is_told(
    teammate: User,
    approver: User,
    organization: Organization,
    package: Package,
    meanwhile: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "NO_WORKER_AFTER_S", -1)
    PartnershipFactory(organization=organization, approved=True)
    JobFactory(organization=organization)  # another one that waits is none of its business
    meanwhile(lambda: approve(approver), lambda: None, lambda: end_job(kinds.TRANSFER, JobState.SUCCEEDED))

    code, said = share("--wait")

    assert code == 0
    assert said.count("No worker has taken it so far.") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_documents_the_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    load_command_class("promotions", command).print_help("manage.py", command)

    said = capsys.readouterr().out
    assert all(f"\n  {code}  " in said for code in range(8))
