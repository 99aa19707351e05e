"""Journeys into another organization, and into several sandboxes at once."""

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from accounts.services import credentials
from promotions.choices import ApprovalState, Decision, ItemInput, JobState, PlanState
from promotions.models import JourneyCopy, PlanItem, SealedValue
from promotions.services import approvals, decisions, groups, journey_plans, plans, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import NotReadyError
from promotions.services.groups import filled
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, connect_organization, sandbox_of
from tests.integration.promotions.journeys_world import NAME, SECRET, World, fresh, texts, traces_of, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def globex(platform: Platform, world: World) -> Organization:
    found = connect_organization(platform, "Globex")
    MembershipFactory(user=world.operator, organization=found, role=Role.OPERATOR)
    return found


@pytest.fixture
def approver(world: World, globex: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=globex, role=Role.APPROVER)
    MembershipFactory(user=user, organization=world.acme, role=Role.VIEWER)
    return user


def test_another_organization_gets_its_copy_after_somebody_there_agreed_who_sees_no_secret(
    world: World, globex: Organization, approver: User, client: Client
) -> None:
    journey = world.journey()
    plan = world.fill(world.plan(journey, sandbox_of(globex, "stage")))
    schema = plan.items.get(type="Event schema")
    with pytest.raises(NotReadyError, match="brings content of Acme into Globex"):
        runs.request_run(plan=plan, actor=world.operator)
    first = approvals.request_approval(plan=plan, actor=world.operator)
    client.force_login(approver)
    shown = [
        client.get(path).content.decode() for path in (f"/approvals/{first.pk}/", f"/promotions/{plan.promotion_id}/")
    ]
    assert all("addedAction1" in text for text in shown)
    assert not any(one in text for text in shown for one in (SECRET, escape(SECRET)))
    approvals.approve(approval=first, actor=approver, reason="Fine.", seen_hash=first.content_hash)

    # What was agreed to is no more: the journey has changed since.
    world.platform.control(f"journeys/{journey.uid}", is_valid=False)
    void = world.run(plan)
    first.refresh_from_db()
    assert (void.state, first.state) == (JobState.CANCELLED, ApprovalState.VOID), texts(void)
    assert world.sent() == 0
    world.platform.control(f"journeys/{journey.uid}", is_valid=True)
    newer = plan.promotion.current_plan
    plans.refresh(plan=newer, actor=world.operator)
    newer = world.gathered(newer)
    assert not newer.blockers
    assert newer.items.get(input=ItemInput.SECRET).decision == Decision.FILL
    world.fill(newer)
    second = approvals.request_approval(plan=newer, actor=world.operator)
    approvals.approve(approval=second, actor=approver, reason="Still fine.", seen_hash=second.content_hash)
    job = world.run(newer)

    assert job.state == JobState.PARTLY_FAILED, texts(job)  # Globex does not know that schema
    assert f"the XDM schema {schema.details['current']} is unknown" in job.problem
    assert (world.imports(), world.sent()) == (1, 1)
    copy = JourneyCopy.objects.get(job=job)
    assert (copy.source_organization, copy.target_organization) == (world.acme, globex)
    assert not SealedValue.objects.exists()
    record = str(list(AuditEvent.objects.values_list("details", flat=True)))
    assert "promotion.items_decided" in AuditEvent.objects.values_list("verb", flat=True)
    assert SECRET not in record


@pytest.mark.only_on("sqlite")
def test_three_targets_are_filled_in_once_and_each_keeps_secrets_of_its_own(
    world: World, globex: Organization, approver: User
) -> None:
    journey = world.journey()
    sandboxes = [sandbox_of(world.acme, "stage"), sandbox_of(world.acme, "prod"), sandbox_of(globex, "stage")]
    group = journey_plans.promote_to(
        journey=journey, version_uid=journey.latest_version_uid, sandboxes=sandboxes, actor=world.operator
    )
    found = [world.gathered(plan) for plan in groups.current_plans(group, world.operator)]
    key = found[0].items.get(input=ItemInput.SECRET).key

    outcomes = groups.decide_together(group=group, choose=filled(key, SECRET), actor=world.operator)
    for plan in found:
        world.fill(plan)
    ran = groups.run_together(group=group, actor=world.operator, note="Together.")

    assert [outcome.changed for outcome in outcomes] == [1, 1, 1]
    digests = set(SealedValue.objects.values_list("promotion_id", "digest"))
    assert len(digests) == len({digest for _, digest in digests}) == 3
    [job] = [outcome.job for outcome in ran if outcome.job is not None]
    assert len([outcome for outcome in ran if outcome.approval is not None]) == 2
    assert world.drive(job).state == JobState.SUCCEEDED, job.problem
    assert set(SealedValue.objects.values_list("promotion_id", flat=True)) == {
        plan.promotion_id for plan in found if plan.promotion_id != job.promotion_id
    }
    assert fresh(job).sandbox == sandboxes[0]
    assert world.imports() == 1


@pytest.mark.only_on("sqlite")
def test_what_is_typed_into_a_plan_is_seen_by_nobody_who_looks_at_it(world: World) -> None:
    plan = world.plan()
    item: PlanItem = plan.items.get(input=ItemInput.SECRET)

    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.FILL, value=SECRET)], actor=world.operator)

    item.refresh_from_db()
    assert item.target is not None
    assert set(item.target) == {"id", "type", "title"}
    assert item.target["title"] == "typed secret"
    assert traces_of(SECRET) == []
    assert traces_of(NAME)
    assert plan.promotion.current_plan.state == PlanState.OPEN


def test_a_refused_credential_of_the_source_is_not_held_against_the_target(world: World, globex: Organization) -> None:
    journey = world.journey()
    credential = world.acme.credentials.get(is_primary=True)
    credentials.replace_secret(credential=credential, client_secret="wrong", actor=None)

    plan = world.plan(journey, sandbox_of(globex, "stage"))

    credential.refresh_from_db()
    assert "credential of Acme was refused" in plan.blockers[0]
    assert credential.problem
    assert not globex.credentials.get(is_primary=True).problem
