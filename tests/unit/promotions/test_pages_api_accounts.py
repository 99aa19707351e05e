"""Editing accounts of an export on pages: what is taken, what is refused where, and that no secret comes back."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Decision, PlanState
from promotions.models import Plan, PlanItem, SealedValue
from promotions.systems.snaplogic.account_names import slug_of
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.stored import stored_choices
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, StoredValueFactory, UserFactory
from tests.factories_api_accounts import DB_ACCOUNT, MAIL_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory
from tests.factories_promotions import PlanFactory

SignIn = Callable[[User], Client]
SECRET = "canary-db-password-4711"
HOST, PORT, PASSWORD, SSL = "hostname", "portNumber", "password", "ssl"


@pytest.fixture
def environment(db: None) -> Organization:
    found: Organization = SnapLogicOrganizationFactory(remote_id="acme-prod")
    return found


def person(environment: Organization, name: str, role: Role = Role.OPERATOR) -> User:
    user: User = UserFactory(full_name=name)
    MembershipFactory(user=user, organization=environment, role=role)
    return user


@pytest.fixture
def browser(signed_in: SignIn, environment: Organization) -> Client:
    return signed_in(person(environment, "Oscar Operator"))


@pytest.fixture
def plan(environment: Organization) -> Plan:
    return with_accounts(ApiImportPlanFactory(promotion__archive__organization=environment))


def url_of(plan: Plan, account: str = DB_ACCOUNT) -> str:
    return reverse("promotions:plan-account", args=[plan.pk, account])


def said(answer: Any) -> str:
    return unescape(answer.content.decode())


def filled(browser: Client, plan: Plan, account: str = DB_ACCOUNT, **values: str) -> dict[str, str]:
    """The form as a browser would send it, with these values (by the last part of their labels) typed or chosen."""
    form = browser.get(url_of(plan, account)).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    for line in form.lines:
        name = line.label.rpartition("›")[2].strip()
        if name in values:
            data[line.value.html_name] = values[name]
        if f"stored_{name}" in values:
            data[line.stored.html_name] = values[f"stored_{name}"]
    return data


def values(plan: Plan) -> dict[str, PlanItem]:
    items = plan.items.filter(type="Account value")
    return {item.details["where"].rpartition("›")[2].strip(): item for item in items}


def target(item: PlanItem) -> dict[str, str]:
    """What is decided on it."""
    found: dict[str, str] = item.target or {}
    return found


def page_of(browser: Client, plan: Plan) -> str:
    return said(browser.get(reverse("promotions:promotion-detail", args=[plan.promotion_id])))


def test_a_changed_account_is_sent_along_and_says_what_is_missing(browser: Client, plan: Plan) -> None:
    answer = browser.post(url_of(plan), filled(browser, plan, hostname="db.prod.example.test"), follow=True)

    found = values(plan)
    assert (
        answer.redirect_chain[0][0] == f"{reverse('promotions:promotion-detail', args=[plan.promotion_id])}#resolution"
    )
    assert "1 secret still to type" in said(answer)
    assert target(found[HOST])["id"] == "db.prod.example.test"
    assert found[PORT].decision == Decision.KEEP
    assert found[PASSWORD].decision == Decision.UNDECIDED
    plan.promotion.refresh_from_db()
    assert Pick.of(plan.promotion).accounts == (DB_ACCOUNT,)
    assert "by Oscar Operator" in said(browser.get(url_of(plan)))


def test_a_typed_secret_is_kept_encrypted_and_never_shown(browser: Client, plan: Plan) -> None:
    answer = browser.post(url_of(plan), filled(browser, plan, password=SECRET), follow=True)

    pages = [
        said(answer),
        said(browser.get(url_of(plan))),
        said(browser.get(reverse("promotions:plan-file-account", args=[plan.pk]))),
    ]
    assert SealedValue.objects.count() == 1
    assert "Typed by Oscar Operator" in pages[1]
    assert not [page for page in pages if SECRET in page]


def test_file_account_is_shown_with_its_changes_and_without_secrets(browser: Client, plan: Plan) -> None:
    url = reverse("promotions:plan-file-account", args=[plan.pk])

    nothing = said(browser.get(url))
    browser.post(url_of(plan), filled(browser, plan, hostname="db.prod.example.test"))
    html = said(browser.get(url))

    assert "Every account goes as it was exported" in nothing
    assert "db.prod.example.test" in html
    assert DB_ACCOUNT in html
    assert MAIL_ACCOUNT not in html
    assert "ENC(" not in html


def test_what_is_unfit_is_refused_at_its_field_and_the_rest_is_kept_but_secrets(browser: Client, plan: Plan) -> None:
    data = filled(browser, plan, hostname="db.prod.example.test", portNumber="many", password="ENC(abc)", ssl="false")
    data |= {name: SECRET for name, value in data.items() if value == "ENC(abc)"}

    answer = browser.post(url_of(plan), data)

    html, form = said(answer), answer.context["form"]
    assert answer.status_code == 422
    assert [line.label.rpartition("› ")[2] for line in form.lines if line.value.errors] == [PORT]
    assert "is a number" in html
    assert 'value="db.prod.example.test"' in html
    assert 'value="many"' in html
    assert SECRET not in html
    assert not values(plan)


def test_the_encrypted_form_of_a_secret_is_no_secret(browser: Client, plan: Plan) -> None:
    answer = browser.post(url_of(plan), filled(browser, plan, password="ENC(1x8QmV0)"))

    assert answer.status_code == 422
    assert "Type the secret itself" in said(answer)


def test_a_stored_value_is_chosen_for_a_secret(browser: Client, plan: Plan, environment: Organization) -> None:
    StoredValueFactory(organization=environment, name="Orders database")
    chosen = (stored_choices(plan.promotion)[0].target or {})["id"]

    both = browser.post(url_of(plan), filled(browser, plan, password=SECRET, stored_password=chosen))
    browser.post(url_of(plan), filled(browser, plan, stored_password=chosen))

    assert "not both" in said(both)
    found = values(plan)[PASSWORD]
    assert (found.decision, target(found)["title"]) == (Decision.REUSE, "Orders database")
    assert "The stored value “Orders database”" in said(browser.get(url_of(plan)))


def test_a_value_that_is_put_back_stays_as_exported(browser: Client, plan: Plan) -> None:
    browser.post(url_of(plan), filled(browser, plan, hostname="elsewhere"))
    browser.post(url_of(plan), filled(browser, plan, hostname="db.dev.example.test"))

    assert values(plan)[HOST].decision == Decision.KEEP


def test_nothing_changed_means_that_the_account_goes_as_exported(browser: Client, plan: Plan) -> None:
    answer = browser.post(url_of(plan), filled(browser, plan))

    assert answer.status_code == 422
    assert "Nothing was changed" in said(answer)
    assert not values(plan)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(
    browser: Client, plan: Plan, signed_in: SignIn, environment: Organization
) -> None:
    other = signed_in(person(environment, "Olga Other"))
    mine = filled(browser, plan, hostname="mine")
    other.post(url_of(plan), filled(other, plan, hostname="theirs"))

    refused = browser.post(url_of(plan), mine)
    standing = target(values(plan)[HOST])["id"]
    browser.post(url_of(plan), {**mine, "seen": refused.context["form"]["seen"].value()})

    assert refused.status_code == 409
    assert "Olga Other changed this account meanwhile" in said(refused)
    assert standing == "theirs"
    assert target(values(plan)[HOST])["id"] == "mine"


def test_an_account_that_is_left_forgets_what_was_typed(browser: Client, plan: Plan) -> None:
    leave = reverse("promotions:plan-account-leave", args=[plan.pk, DB_ACCOUNT])
    browser.post(url_of(plan), filled(browser, plan, password=SECRET))

    left = browser.post(leave, follow=True)
    again = browser.post(leave, follow=True)

    assert "goes as exported" in said(left)
    assert "goes as exported already" in said(again)
    assert not values(plan)
    assert not SealedValue.objects.exists()


def test_the_plan_shows_how_far_each_account_is(browser: Client, plan: Plan) -> None:
    browser.post(url_of(plan), filled(browser, plan, hostname="db.prod.example.test"))

    html = page_of(browser, plan)

    assert "1 secret still to type" in html
    assert url_of(plan) in html
    assert "As exported" in html  # the other account
    assert "db.prod.example.test" in html


def test_what_would_not_arrive_is_said_in_the_plan_and_on_the_page(browser: Client, plan: Plan) -> None:
    words = "The rule leaves it as it is."
    plan.items.filter(details__uuid=DB_ACCOUNT).update(explanation=words)

    for html in (page_of(browser, plan), unescape(browser.get(url_of(plan)).content.decode())):
        assert words in html


def test_a_value_decided_in_its_row_moves_the_numbers_of_its_account(browser: Client, plan: Plan) -> None:
    browser.post(url_of(plan), filled(browser, plan, hostname="db.prod.example.test"))
    item = values(plan)[PASSWORD]
    url = reverse("promotions:plan-item-decide", args=[item.pk])
    data = {f"item-{item.pk}-decision": "fill", f"item-{item.pk}-value": SECRET}

    answer = browser.post(url, data, headers={"HX-Request": "true"})

    account = plan.items.get(key=f"account:{DB_ACCOUNT}")
    html = said(answer)
    assert f'id="account-state-{account.pk}" hx-swap-oob="true"' in html
    assert "still to type" not in html
    assert SECRET not in html


def test_a_frozen_plan_shows_no_form_and_takes_nothing(browser: Client, plan: Plan) -> None:
    data = filled(browser, plan, hostname="late")
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.READY)

    shown = said(browser.get(url_of(plan)))
    answer = browser.post(url_of(plan), data)

    assert "takes no decisions now" in shown
    assert "Save account" not in shown
    assert answer.status_code == 409
    assert not values(plan)


def test_what_is_no_account_or_no_import_is_not_found(browser: Client, plan: Plan, environment: Organization) -> None:
    other = PlanFactory(promotion__package__organization=environment)

    assert browser.get(url_of(plan, "nobody")).status_code == 404
    assert browser.get(url_of(other)).status_code == 404
    assert browser.get(reverse("promotions:plan-file-account", args=[other.pk])).status_code == 404
    assert browser.post(reverse("promotions:plan-import-rule", args=[other.pk])).status_code == 404


@pytest.mark.parametrize("strange", ["a/b", "..", "a?b#c", "ü" * 50, "x" * 200, "line\nbreak", "-"])
def test_an_account_with_a_strange_id_has_a_page_too(browser: Client, plan: Plan, strange: str) -> None:
    item = plan.items.get(key=f"account:{DB_ACCOUNT}")
    item.details["uuid"] = strange
    item.save(update_fields=["details"])

    page_of(browser, plan)

    assert browser.get(url_of(plan, slug_of(strange))).status_code == 200


def test_a_plan_with_many_accounts_asks_no_more_questions(
    browser: Client, plan: Plan, django_assert_max_num_queries: Any
) -> None:
    for account in (DB_ACCOUNT, MAIL_ACCOUNT):
        browser.post(url_of(plan, account), filled(browser, plan, account, password="x", client_secret="y"))

    with django_assert_max_num_queries(60) as captured:
        page_of(browser, plan)
    assert len([one for one in captured.captured_queries if "Account value" in one["sql"]]) == 1
