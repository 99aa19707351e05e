"""Accounts of an export that nobody would make on purpose: what of them can be edited, can; the rest goes as it is."""

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from promotions.models import Plan, RemoteDocument
from promotions.services import api_accounts, documents, plans
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.accounts_template import parse
from promotions.systems.snaplogic.drafting import VALUES_LIMIT, account_items
from promotions.systems.snaplogic.filling import filled_accounts
from promotions.systems.snaplogic.picks import Pick
from tests.factories import MembershipFactory, UserFactory
from tests.factories_api_accounts import NOT_THERE
from tests.factories_apis import ApiImportPlanFactory

pytestmark = pytest.mark.django_db

ACCOUNT = "11111111-1111-4111-8111-111111111111"


def planned(settings: dict[str, Any]) -> Plan:
    """A plan whose zip holds one account with these settings."""
    plan: Plan = ApiImportPlanFactory()
    label = {"label": {"value": "ledger"}}
    content = json.dumps({ACCOUNT: {"property_map": {"info": label, "settings": settings}}}).encode()
    document: RemoteDocument = documents.keep(
        organization=plan.promotion.target_organization, kind=kinds.TEMPLATE, remote_id="zip", content=content
    )
    plan.document = document
    plan.save(update_fields=["document"])
    plans.add_items(plan, account_items(parse(content).nodes, Pick.of(plan.promotion), (), NOT_THERE))
    return plan


def operator_of(plan: Plan) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=plan.promotion.target_organization, role=Role.OPERATOR)
    return user


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b"])
def test_a_value_that_no_database_stores_goes_as_exported(odd: str, signed_in: Callable[[User], Client]) -> None:
    plan = planned({"note": {"value": odd}, "host": {"value": "db.test"}})
    actor = operator_of(plan)

    api_accounts.edit(
        plan=plan, uuid=ACCOUNT, typed={"/property_map/settings/host/value": "db.example.test"}, stored={}, actor=actor
    )

    plan = Plan.objects.get(pk=plan.pk)
    filled = filled_accounts(plan)
    assert filled is not None
    sent = json.loads(filled.content)[ACCOUNT]["property_map"]["settings"]
    assert sent == {"note": {"value": odd}, "host": {"value": "db.example.test"}}
    for name, args in (
        ("promotion-detail", [plan.promotion_id]),
        ("plan-account", [plan.pk, ACCOUNT]),
        ("plan-file-account", [plan.pk]),
    ):
        assert signed_in(actor).get(reverse(f"promotions:{name}", args=args)).status_code == 200


def test_values_with_long_ways_to_them_are_told_apart() -> None:
    long = 700 * "k"
    plan = planned({f"{long}1": {"value": "x"}, f"{long}2": {"value": "y"}})

    found = api_accounts.edit(plan=plan, uuid=ACCOUNT, typed={}, stored={}, actor=operator_of(plan))

    assert len({item.key for item in found}) == 3


def test_an_account_with_too_many_values_can_only_stay_as_it_is(signed_in: Callable[[User], Client]) -> None:
    plan = planned({f"k{number}": {"value": "x"} for number in range(VALUES_LIMIT)})
    actor = operator_of(plan)

    with pytest.raises(RefusedError, match=f"ledger has {VALUES_LIMIT + 1} values"):
        api_accounts.edit(plan=plan, uuid=ACCOUNT, typed={}, stored={}, actor=actor)

    answer = signed_in(actor).get(reverse("promotions:plan-account", args=[plan.pk, ACCOUNT]), follow=True)
    assert f"at most {VALUES_LIMIT} can be edited here" in unescape(answer.content.decode())


def test_an_account_at_the_limit_can_be_sent_by_a_browser(signed_in: Callable[[User], Client]) -> None:
    plan = planned({f"k{number}": {"value": "x"} for number in range(VALUES_LIMIT - 1)})
    browser, url = signed_in(operator_of(plan)), reverse("promotions:plan-account", args=[plan.pk, ACCOUNT])
    form = browser.get(url).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}

    answer = browser.post(url, {**data, "value-7": "another"})

    assert answer.status_code == 302
