"""The page on which an approval is decided, the list of approvals, and the number in the rail."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ApprovalState, Decision, ItemKind, JobState, Match
from promotions.models import Approval, Job, Plan, PlanItem
from promotions.services import approvals
from promotions.services.freezing import content_hash
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import ApprovalFactory, JobFactory, PlanItemFactory, offer

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def other_approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Otto Other")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def approval(organization: Organization, teammate: User) -> Approval:
    """Asked for by the operator; creates one object and uses another."""
    made: Approval = ApprovalFactory(
        plan__promotion__package__organization=organization,
        plan__promotion__package__name="Loyalty",
        plan__promotion__created_by=teammate,
        note="Release 7",
    )
    PlanItemFactory(plan=made.plan, free=True, title="Airline codes", type="REGISTRY_DATATYPE")
    PlanItemFactory(
        plan=made.plan,
        title="Loyalty member",
        decision=Decision.REUSE,
        target={"id": "urn:target:1", "type": "REGISTRY_SCHEMA", "title": "Member of prod"},
        decided_by=teammate,
        decided_at=timezone.now(),
    )
    return refrozen(made)


def refrozen(approval: Approval) -> Approval:
    """With the hash of the items as they are now."""
    plan = Plan.objects.get(pk=approval.frozen_plan.pk)
    plan.content_hash = approval.content_hash = content_hash(plan)
    plan.save(update_fields=["content_hash"])
    approval.save(update_fields=["content_hash"])
    return Approval.objects.get(pk=approval.pk)


def page_of(approval: Approval) -> str:
    return reverse("promotions:approval-detail", args=[approval.pk])


def decide(client: Client, approval: Approval, verdict: str, reason: str = ""):
    sent = {"verdict": verdict, "reason": reason, "seen_hash": approval.content_hash}
    return client.post(page_of(approval), sent)


# The page


def test_the_page_lays_out_what_changes_and_what_cannot_be_undone(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    text = signed_in(approver).get(page_of(approval)).content.decode()

    assert "1 object will be created new in" in text
    assert "the platform offers no way back" in text
    assert "Data type Airline codes" in text
    assert "Member of prod" in text
    assert "urn:target:1" in text
    assert approval.rule in text
    assert "Release 7" in text
    assert approval.content_hash[:12] in text


def test_an_object_decided_as_before_says_so(signed_in: SignIn, approver: User, approval: Approval) -> None:
    remembered = {
        "decision": "reuse",
        "target": {"id": "urn:target:1", "type": "REGISTRY_SCHEMA", "title": "Member of prod"},
        "by": "Nora Berg",
        "at": timezone.now().isoformat(),
        "times": 3,
    }
    PlanItem.objects.filter(plan=approval.plan, decision=Decision.REUSE).update(remembered=remembered)

    text = signed_in(approver).get(page_of(approval)).content.decode()

    assert "as decided before by Nora Berg, 3 times" in text
    assert "use existing; 1 as decided before" in text


def test_an_entire_sandbox_is_told_in_the_words_that_were_confirmed(
    signed_in: SignIn, approver: User, organization: Organization
) -> None:
    approval = ApprovalFactory(plan__promotion__package__organization=organization)
    PlanItemFactory(
        plan=approval.plan,
        kind=ItemKind.CONFIRMATION,
        key="confirmation",
        type="",
        remote_id="",
        title="Everything of sandbox dev is created new",
        match=Match.NONE,
        explanation="Journeys are left out.",
        choices=[offer(Decision.CONFIRM)],
        decision=Decision.CONFIRM,
    )

    text = signed_in(approver).get(page_of(approval)).content.decode()

    assert "Journeys are left out." in text
    assert "<b>All</b> objects of the sandbox" in text


def test_the_number_of_queries_does_not_grow_with_the_objects(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    client = signed_in(approver)
    client.get(page_of(approval))
    with CaptureQueriesContext(connection) as few:
        client.get(page_of(approval))
    PlanItemFactory.create_batch(20, plan=approval.plan, free=True)

    with CaptureQueriesContext(connection) as many:
        client.get(page_of(approval))

    assert len(many) == len(few) <= 32


def test_many_objects_come_in_pages_of_which_the_first_holds_what_is_final(
    signed_in: SignIn, approver: User, approval: Approval, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promotions.views.approvals.ROWS_PER_PAGE", 1)
    client = signed_in(approver)

    first, second = (client.get(f"{page_of(approval)}?page={page}").content.decode() for page in (1, 2))

    assert "<b>Airline codes</b>" in first
    assert "<b>Airline codes</b>" not in second
    assert "<b>Loyalty member</b>" in second


# Deciding


def test_approving_keeps_the_reason_and_says_what_happens_next(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    client = signed_in(approver)

    response = decide(client, approval, "approve", "Seen.")

    approval.refresh_from_db()
    assert response["Location"] == page_of(approval)
    assert (approval.state, approval.decided_by, approval.reason) == (ApprovalState.APPROVED, approver, "Seen.")
    text = client.get(page_of(approval)).content.decode()
    assert "an operator can run it now." in text
    assert 'name="verdict"' not in text


def test_approving_what_runs_at_once_starts_the_import(signed_in: SignIn, approver: User, approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(runs_at_once=True)
    client = signed_in(approver)
    before = client.get(page_of(approval)).content.decode()

    decide(client, approval, "approve")

    job = Job.objects.get(plan=approval.plan)
    assert "It runs at once when you approve." in before
    assert job.state == JobState.QUEUED
    assert f"The import runs as job {job.pk}" in client.get(page_of(approval)).content.decode()


def test_rejecting_without_a_reason_is_refused_with_the_field_in_focus(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    response = decide(signed_in(approver), approval, "reject")

    approval.refresh_from_db()
    text = response.content.decode()
    assert response.status_code == 422
    assert approval.state == ApprovalState.PENDING
    assert "Say why you reject it" in text
    assert "autofocus" in text
    assert 'aria-invalid="true"' in text


def test_rejecting_opens_the_plan_again_with_the_reason_on_top(
    signed_in: SignIn, approver: User, teammate: User, approval: Approval
) -> None:
    decide(signed_in(approver), approval, "reject", "Wait for legal.")

    text = signed_in(teammate).get(f"/promotions/{approval.frozen_plan.promotion.pk}/").content.decode()
    assert "Ada Approver rejected revision 1" in text
    assert "Wait for legal." in text
    assert "Changed since the former facts" not in text


def test_the_second_to_decide_is_told_who_was_faster_and_keeps_their_words(
    signed_in: SignIn, approver: User, other_approver: User, approval: Approval
) -> None:
    approvals.approve(approval=approval, actor=approver, reason="Fine with me.")

    response = decide(signed_in(other_approver), approval, "reject", "Not before Monday.")

    approval.refresh_from_db()
    text = response.content.decode()
    assert response.status_code == 409
    assert approval.state == ApprovalState.APPROVED
    assert "Ada Approver has approved it already. Your decision was not taken." in text
    assert "Fine with me." in text
    assert "Not before Monday." in text


def test_a_decision_on_another_content_than_was_shown_is_not_taken(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    sent = {"verdict": "approve", "reason": "Seen.", "seen_hash": "0" * 64}

    response = signed_in(approver).post(page_of(approval), sent)

    approval.refresh_from_db()
    text = response.content.decode()
    assert (response.status_code, approval.state) == (409, ApprovalState.PENDING)
    assert "This is not the revision you were shown." in text
    assert ">\nSeen.</textarea>" in text


def test_whoever_asked_reads_why_they_cannot_decide(signed_in: SignIn, approval: Approval, approver: User) -> None:
    Approval.objects.filter(pk=approval.pk).update(requested_by=approver)

    text = signed_in(approver).get(page_of(approval)).content.decode()
    response = decide(signed_in(approver), approval, "approve")

    assert "You asked for this approval. Somebody else has to decide." in text
    assert 'name="verdict"' not in text
    assert response.status_code == 403
    assert "You asked for this approval. Somebody else has to decide." in response.content.decode()


def test_somebody_who_made_a_decision_of_the_plan_cannot_agree_to_it(
    signed_in: SignIn, approval: Approval, approver: User
) -> None:
    PlanItem.objects.filter(plan=approval.plan, decision=Decision.REUSE).update(decided_by=approver)

    text = signed_in(approver).get(page_of(approval)).content.decode()

    assert "You made decisions in this plan." in text
    assert 'name="verdict"' not in text


def test_where_nobody_can_decide_the_page_says_what_to_do(
    signed_in: SignIn, teammate: User, approval: Approval
) -> None:
    text = signed_in(teammate).get(page_of(approval)).content.decode()

    assert "Nobody else is approver in Acme. One of its admins can give that role" in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ApprovalState.WITHDRAWN, "Withdrawn"),
        (ApprovalState.VOID, "Void"),
        (ApprovalState.EXPIRED, "Expired"),
    ],
)
def test_an_approval_that_ended_says_how_instead_of_offering_buttons(
    signed_in: SignIn, approver: User, approval: Approval, state: ApprovalState, words: str
) -> None:
    Approval.objects.filter(pk=approval.pk).update(
        state=state,
        ended_at=timezone.now(),
        void_changes=["The package's revision at the platform was 1 and is now 2."],
    )

    text = signed_in(approver).get(page_of(approval)).content.decode()

    assert f'id="decision-title">{words}<' in text
    assert "revision at the platform was 1 and is now 2." in text
    assert 'name="verdict"' not in text


def test_one_whose_time_has_passed_cannot_be_decided_before_the_clock_has_noted_it(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    Approval.objects.filter(pk=approval.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    client = signed_in(approver)

    text = client.get(page_of(approval)).content.decode()
    response = decide(client, approval, "approve")

    assert 'name="verdict"' not in text
    assert response.status_code == 409


# What happens while the page is open


def test_the_open_page_hears_nothing_until_somebody_else_decides(
    signed_in: SignIn, approver: User, other_approver: User, approval: Approval
) -> None:
    client = signed_in(approver)
    news = reverse("promotions:approval-news", args=[approval.pk]) + "?seen=awaiting_approval"
    quiet = client.get(news, headers=HTMX)
    approvals.reject(approval=approval, actor=other_approver, reason="Wait.")

    told = client.get(news, headers=HTMX)

    assert quiet.status_code == 204
    assert "Otto Other has rejected it meanwhile" in told.content.decode()
    assert "hx-trigger" not in told.content.decode()


# The list


def cards(client: Client, tab: str = "mine", **query: int) -> list[int]:
    wanted: dict[str, str | int] = {"tab": tab, **query}
    response = client.get(reverse("promotions:approval-list"), wanted)
    return [card.approval.pk for card in response.context["cards"]]


def test_the_list_tells_apart_whose_turn_it_is(
    signed_in: SignIn, organization: Organization, approver: User, teammate: User, stranger: User
) -> None:
    mine = ApprovalFactory(plan__promotion__package__organization=organization, requested_by=teammate)
    asked = ApprovalFactory(plan__promotion__package__organization=organization, requested_by=approver)
    late = ApprovalFactory(plan__promotion__package__organization=organization, late=True)
    done = ApprovalFactory(plan__promotion__package__organization=organization, state=ApprovalState.VOID)
    client = signed_in(approver)

    assert cards(client) == [mine.pk]
    assert cards(client, "others") == [late.pk, asked.pk]
    assert cards(client, "done") == [done.pk]
    assert cards(signed_in(teammate)) == []
    assert cards(signed_in(stranger), "others") == cards(signed_in(stranger), "done") == []


def test_the_list_can_be_narrowed_to_an_organization(
    signed_in: SignIn, organization: Organization, approver: User
) -> None:
    other = OrganizationFactory()
    MembershipFactory(user=approver, organization=other, role=Role.APPROVER)
    here = ApprovalFactory(plan__promotion__package__organization=organization)
    ApprovalFactory(plan__promotion__package__organization=other)

    assert cards(signed_in(approver), organization=organization.pk) == [here.pk]


def test_a_strange_organization_in_the_address_is_refused(signed_in: SignIn, approver: User) -> None:
    response = signed_in(approver).get(reverse("promotions:approval-list"), {"organization": OrganizationFactory().pk})

    assert response.status_code == 422
    assert "There is no such organization." in response.content.decode()


def test_older_ones_are_a_page_further(
    signed_in: SignIn, organization: Organization, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = ApprovalFactory.create_batch(51, plan__promotion__package__organization=organization)
    client = signed_in(approver)
    first = client.get(reverse("promotions:approval-list"))

    second = client.get(first.context["older_url"])

    assert len(first.context["cards"]) == 50
    assert [card.approval.pk for card in second.context["cards"]] == [min(one.pk for one in many)]


@pytest.mark.parametrize("tab", ["mine", "others", "done"])
def test_an_empty_list_says_what_will_stand_there(signed_in: SignIn, approver: User, tab: str) -> None:
    text = signed_in(approver).get(reverse("promotions:approval-list"), {"tab": tab}).content.decode()

    assert 'class="empty"' in text


def test_the_lists_queries_do_not_grow_with_its_rows(
    signed_in: SignIn, organization: Organization, approver: User
) -> None:
    client = signed_in(approver)
    counted = []
    for number in (1, 7):
        for made in ApprovalFactory.create_batch(number, plan__promotion__package__organization=organization):
            PlanItemFactory(plan=made.plan, free=True)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("promotions:approval-list"))
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 12


# The number in the rail


def test_the_rail_counts_what_waits_for_the_reader_in_figures_and_words(
    signed_in: SignIn, organization: Organization, approver: User, teammate: User
) -> None:
    ApprovalFactory.create_batch(2, plan__promotion__package__organization=organization)

    theirs = signed_in(approver).get("/").content.decode()
    operators = signed_in(teammate).get("/").content.decode()

    assert "2 wait for you" in theirs
    assert "wait for you</span>" not in operators


def test_the_badge_answers_nothing_while_the_number_stays(
    signed_in: SignIn, approver: User, approval: Approval
) -> None:
    client = signed_in(approver)
    badge = reverse("promotions:approval-badge")

    same, changed = (client.get(f"{badge}?shown={shown}", headers=HTMX) for shown in ("1-0", "0-0"))

    assert same.status_code == 204
    assert ", 1 waits for you" in changed.content.decode()


# Withdrawing


def test_withdrawing_is_asked_first_and_then_opens_the_plan_again(
    signed_in: SignIn, teammate: User, approval: Approval
) -> None:
    client = signed_in(teammate)
    url = reverse("promotions:approval-withdraw", args=[approval.pk])
    question = client.get(url).content.decode()

    response = client.post(url, {"reason": "Wrong package."})

    approval.refresh_from_db()
    assert "The request for revision 1 ends" in question
    assert approval.state == ApprovalState.WITHDRAWN
    text = client.get(response["Location"]).content.decode()
    assert "The approval of revision 1 was withdrawn" in text
    assert "Wrong package." in text


def test_what_is_in_use_cannot_be_withdrawn(signed_in: SignIn, teammate: User, approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.APPROVED, decided_by=UserFactory())
    JobFactory(
        organization=approval.frozen_plan.promotion.target_organization,
        plan=approval.plan,
        promotion=approval.frozen_plan.promotion,
        running=True,
    )
    client = signed_in(teammate)

    response = client.post(reverse("promotions:approval-withdraw", args=[approval.pk]), follow=True)

    approval.refresh_from_db()
    assert approval.state == ApprovalState.APPROVED
    assert "has used this approval." in response.content.decode()
    assert "Withdraw" not in client.get(page_of(approval)).content.decode()
