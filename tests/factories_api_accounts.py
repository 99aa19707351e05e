"""Plans of imports of API versions whose zip holds accounts, as reading the zip would draw them."""

import json

from promotions.models import Plan
from promotions.services import documents, plans
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.accounts_template import parse
from promotions.systems.snaplogic.drafting import account_items
from promotions.systems.snaplogic.holdings import Holding
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.stored import stored_choices
from tests.unit.promotions.zip_making import DB_ACCOUNT, MAIL_ACCOUNT, TEMPLATE

__all__ = ["DB_ACCOUNT", "MAIL_ACCOUNT", "NOT_THERE", "with_accounts"]

NOT_THERE = Holding("absent", is_listed=False)


def with_accounts(plan: Plan, *, edited: tuple[str, ...] = ()) -> Plan:
    """The same plan with the two accounts of the zip, of which some are edited."""
    promotion = plan.promotion
    content = json.dumps(TEMPLATE).encode()
    promotion.pick = Pick.of(promotion).changed(accounts=edited).as_json()
    promotion.save(update_fields=["pick"])
    plan.document = documents.keep(
        organization=promotion.target_organization, kind=kinds.TEMPLATE, remote_id="zip", content=content
    )
    plan.save(update_fields=["document"])
    plans.add_items(plan, account_items(parse(content).nodes, Pick.of(promotion), stored_choices(promotion), NOT_THERE))
    return plan
