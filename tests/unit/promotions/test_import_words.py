"""What somebody reads ahead of an import of an API version."""

import pytest

from promotions.api_choices import DuplicateRule
from promotions.systems.base import system
from tests.factories_apis import ApiImportPlanFactory
from tests.factories_promotions import PlanItemFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rule", list(DuplicateRule))
def test_what_happens_and_that_there_is_no_way_back(rule: DuplicateRule) -> None:
    plan = ApiImportPlanFactory(promotion__rule=rule)
    for effect, number in (("overwritten", 2), ("added", 3)):
        for name in range(number):
            PlanItemFactory(plan=plan, type="Pipeline", title=f"{effect}-{name}", details={"effect": effect})

    told = system(plan.promotion.system).what_happens(plan.promotion, list(plan.items.all()))

    assert "orders v2" in told
    assert "3 added, 2 overwritten" in told
    assert "no way to take an import back" in told
    assert ("under a name that the platform decides" in told) == (rule == DuplicateRule.CREATE_NEW)
