"""What somebody agreed to is what is sent, and where: whatever changes in between stops the run."""

import pytest

from accounts.choices import Role
from accounts.models import Organization
from promotions.choices import ApprovalState, JobState
from promotions.models import Approval, Archive, Job, Plan
from promotions.services import api_expressions, approvals, runs, sealed_files
from promotions.services.errors import NotReadyError
from promotions.systems.snaplogic import expressions
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.snaplogic_world import World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db

ORDERS = "acme-prod/apim/orders/2.0"


@pytest.fixture
def production(world: World) -> Organization:
    world.prod.is_production = True
    world.prod.save()
    return world.prod


def planned(world: World, into: Organization) -> Plan:
    return world.decide(world.plan(world.uploaded(organization=into), target=into))


def agreed(world: World, plan: Plan) -> Approval:
    approver = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=approver, organization=plan.promotion.target_organization, role=Role.APPROVER)
    approval = approvals.request_approval(plan=plan, actor=world.operator)
    approvals.approve(approval=approval, actor=approver, reason="Fine")
    return approval


def run(world: World, approval: Approval) -> Job:
    return world.drive(runs.request_run(plan=approval.frozen_plan, actor=world.operator))


def test_what_was_uploaded_into_production_needs_an_approval_all_the_same(
    world: World, production: Organization
) -> None:
    plan = planned(world, production)

    with pytest.raises(NotReadyError, match="counts as production"):
        runs.request_run(plan=plan, actor=world.operator)

    assert run(world, agreed(world, plan)).submit_count == 1


def test_another_control_plane_is_another_target(world: World, production: Organization) -> None:
    approval = agreed(world, planned(world, production))
    there = world.platform.url.replace("127.0.0.1", "localhost")
    Organization.objects.filter(pk=production.pk).update(platform_url=there)

    job = run(world, approval)

    approval.refresh_from_db()
    assert job.state == JobState.CANCELLED, texts(job)
    assert f"The control plane of the target is now {there}" in job.problem
    assert approval.state == ApprovalState.VOID
    assert world.imports(ORDERS) == 0


def test_other_expression_files_in_place_of_those_that_were_added_are_not_sent(world: World) -> None:
    plan = world.plan()
    archive = api_expressions.add(plan=plan, files=[("rates.expr", [b"{}"])], actor=world.operator)
    job = world.requested(world.gathered(plan.promotion))
    other = expressions.pack(expressions.read([("rates.expr", [b'{"fee": 0}'])]).files)
    Archive.objects.filter(pk=archive.pk).update(file=sealed_files.write([other], at_most=1 << 20).name)

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert f"{archive} is not what came here: its checksum differs." in job.problem
    assert world.imports() == 0
