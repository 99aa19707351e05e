"""What a plan foresees for an asset: nobody decides it, so nobody can make it look like something else."""

import pytest

from accounts.choices import Role
from accounts.models import User
from promotions.choices import Decision
from promotions.models import Plan
from promotions.services import api_accounts, decisions, plans
from promotions.services.decisions import Verdict
from promotions.services.errors import RefusedError
from promotions.systems.base import system
from promotions.systems.snaplogic.account_names import slug_of
from promotions.systems.snaplogic.drafting import account_key, asset_items
from promotions.systems.snaplogic.holdings import Holding
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.zips import Asset
from tests.factories import MembershipFactory, UserFactory
from tests.factories_api_accounts import DB_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory

pytestmark = pytest.mark.django_db

THROTTLE = Asset("Policy", "throttle", "", 0, is_listed_by_metadata=True)


@pytest.fixture
def plan() -> Plan:
    made: Plan = ApiImportPlanFactory()
    there = Holding("there", is_listed=True, assets={"Policy": frozenset(["throttle"])})
    plans.add_items(made, asset_items([THROTTLE], Pick.of(made.promotion), there))
    return made


@pytest.fixture
def operator(plan: Plan) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=plan.promotion.target_organization, role=Role.OPERATOR)
    return user


def undecide(plan: Plan, pk: int, actor: User) -> None:
    decisions.decide(plan=plan, verdicts=[Verdict(pk, Decision.UNDECIDED)], actor=actor)


def test_what_is_overwritten_stays_told_so(plan: Plan, operator: User) -> None:
    item = plan.items.get()

    with pytest.raises(RefusedError, match="nothing to decide"):
        undecide(plan, item.pk, operator)

    _, told = system(plan.promotion.system).what_is_final(plan, list(plan.items.all()))
    assert told == ["Policy throttle (overwritten)"]


def test_an_account_that_is_edited_stays_told_so(plan: Plan, operator: User) -> None:
    with_accounts(plan)
    api_accounts.edit(plan=plan, uuid=DB_ACCOUNT, typed={}, stored={}, actor=operator)
    account = plan.items.get(key=account_key(DB_ACCOUNT))

    with pytest.raises(RefusedError, match="nothing to decide"):
        undecide(plan, account.pk, operator)


def test_what_a_person_decides_can_be_taken_back(plan: Plan, operator: User) -> None:
    account = with_accounts(plan).items.get(key=account_key(DB_ACCOUNT))
    decisions.decide(plan=plan, verdicts=[Verdict(account.pk, Decision.KEEP)], actor=operator)

    undecide(plan, account.pk, operator)

    account.refresh_from_db()
    assert account.is_undecided


def test_no_id_takes_the_address_of_another_account() -> None:
    odd = "../payroll"

    assert slug_of(slug_of(odd)) != slug_of(odd)
