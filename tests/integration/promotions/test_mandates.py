"""A write is sent only while whoever asked for it still may."""

from collections.abc import Callable

import pytest

from accounts.choices import Role
from accounts.models import Membership, Organization, User
from accounts.services import people
from promotions.choices import JobState
from promotions.models import Job, Promotion
from promotions.services import runs
from tests.factories import MembershipFactory
from tests.integration.promotions.conftest import Platform
from tests.integration.promotions.test_running import decide_all

pytestmark = pytest.mark.django_db


def deactivated(person: User, organization: Organization) -> None:
    people.deactivate(user=person, actor=None)


def made_a_viewer(person: User, organization: Organization) -> None:
    people.set_membership(user=person, organization=organization, role=Role.VIEWER, actor=None)


def removed(person: User, organization: Organization) -> None:
    people.remove_membership(membership=Membership.objects.get(user=person, organization=organization), actor=None)


@pytest.mark.parametrize("lose", [deactivated, made_a_viewer, removed])
def test_an_import_of_somebody_who_may_no_longer_ask_for_it_is_not_sent(
    platform: Platform,
    acme: Organization,
    planned: Callable[..., Promotion],
    operator: User,
    drive: Callable[[Job], Job],
    lose: Callable[[User, Organization], None],
) -> None:
    promotion = planned()
    decide_all(promotion, operator)
    job = runs.request_run(plan=promotion.current_plan, actor=operator)
    lose(operator, acme)

    drive(job)

    assert job.state == JobState.CANCELLED
    assert "Oscar Operator asked for it, and is no operator of Acme any more" in job.problem
    assert platform.imports_sent() == 0
    other = MembershipFactory(organization=acme, role=Role.OPERATOR).user
    again = drive(runs.request_run(plan=promotion.current_plan, actor=other))
    assert again.state == JobState.SUCCEEDED, again.problem
    assert platform.imports_sent() == 1
