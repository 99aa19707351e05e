"""API versions in the browser: the list, naming one, its page, its state, its assets, forgetting it."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.api_choices import ApiVersionState
from promotions.choices import JobState, PlanState
from promotions.models import ApiVersion, Job
from promotions.systems.snaplogic import kinds
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, UserFactory
from tests.factories_apis import ApiImportFactory, ApiImportPlanFactory, ApiVersionFactory, LifecycleFactory
from tests.factories_promotions import JobFactory, TaskResultFactory

SignIn = Callable[[User], Client]
LIST = reverse("promotions:api-version-list")

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment() -> Organization:
    organization: Organization = SnapLogicOrganizationFactory(name="Integration dev", remote_id="acme-dev")
    return organization


@pytest.fixture
def browser(signed_in: SignIn, environment: Organization) -> Client:
    return signed_in(member(environment, Role.OPERATOR))


@pytest.fixture
def reader(signed_in: SignIn, environment: Organization) -> Client:
    return signed_in(member(environment, Role.VIEWER))


def member(organization: Organization, role: Role) -> User:
    user: User = MembershipFactory(organization=organization, role=role).user
    return user


def version(environment: Organization, api: str = "orders", name: str = "1.2", **fields: object) -> ApiVersion:
    row: ApiVersion = ApiVersionFactory(organization=environment, api=api, version=name, **fields)
    return row


def html_of(browser: Client, address: str) -> str:
    return unescape(browser.get(address).content.decode())


def address_of(row: ApiVersion, act: str = "detail") -> str:
    return reverse(f"promotions:api-version-{act}", args=[row.pk])


# The list


def test_the_list_shows_what_is_known_and_what_is_not(browser: Client, environment: Organization) -> None:
    ended = JobFactory(organization=environment, kind=kinds.LIFECYCLE, succeeded=True)
    listed = {"Pipeline": ["get", "list"], "File": ["a.expr"]}
    version(environment, name="1.1")
    version(
        environment,
        state="deprecated",
        state_at=timezone.now(),
        state_job=ended,
        assets=listed,
        listed_at=timezone.now(),
    )

    html = html_of(browser, LIST)

    assert "2 API versions" in html
    assert 'data-state="unknown"' in html
    assert 'data-state="deprecated"' in html
    assert f'by <a href="{reverse("promotions:job-detail", args=[ended.pk])}">job {ended.pk}</a>' in html
    assert "not listed" in html
    assert ">3<span" in html


def test_a_row_names_the_last_import_into_it(browser: Client, environment: Organization) -> None:
    row = version(environment)
    promotion = ApiImportFactory(archive__organization=environment, api=row.api, version=row.version)
    jobs = [
        JobFactory(organization=environment, kind=kinds.IMPORT, promotion=promotion, state=state)
        for state in (JobState.FAILED, JobState.PARTLY_FAILED)
    ]

    html = html_of(browser, LIST)

    assert f"job {jobs[1].pk}</a>" in html
    assert f"job {jobs[0].pk}</a>" not in html
    assert "partly failed" in html


def test_rows_of_other_environments_are_not_there(browser: Client, environment: Organization) -> None:
    version(environment, api="ours")
    ApiVersionFactory(api="theirs")

    html = html_of(browser, LIST)

    assert "ours" in html
    assert "theirs" not in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=ORD", {"orders 1.2", "orders 1.3"}),
        ("q=orders+1.3", {"orders 1.3"}),
        ("state=published", {"orders 1.3"}),
        ("state=unknown", {"orders 1.2", "payments 1"}),
        ("q=pay&state=published", set()),
    ],
)
def test_the_list_is_narrowed_by_words_and_state(
    browser: Client, environment: Organization, query: str, shown: set[str]
) -> None:
    version(environment)
    version(environment, name="1.3", state="published")
    version(environment, "payments", "1")

    rows = browser.get(f"{LIST}?{query}").context["rows"]

    assert {str(row.version) for row in rows} == shown


def test_the_list_is_narrowed_to_an_environment_that_one_may_know(browser: Client, environment: Organization) -> None:
    other = ApiVersionFactory().organization

    assert browser.get(f"{LIST}?organization={environment.pk}").status_code == 200
    assert browser.get(f"{LIST}?organization={other.pk}").status_code == 422


def test_a_filter_that_lets_nothing_through_says_what_to_drop(browser: Client, environment: Organization) -> None:
    version(environment)

    html = html_of(browser, f"{LIST}?q=orders&state=retired")

    assert "No API version fits the filter" in html
    assert "Drop “State: retired”" in html
    assert "Drop “Search: orders”" not in html


def test_pages_of_the_list_meet_every_row_once(
    browser: Client, environment: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(53):
        version(environment, api=f"api{number:02}")

    first = browser.get(LIST).context
    second = browser.get(first["older_url"]).context

    names = [row.version.api for row in [*first["rows"], *second["rows"]]]
    assert names == [f"api{number:02}" for number in range(53)]
    assert first["shown"] == "53 API versions"
    assert second["newer_url"]


def test_the_number_of_queries_does_not_grow_with_the_rows(
    browser: Client, environment: Organization, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(20):
        row = version(environment, api=f"api{number}")
        promotion = ApiImportFactory(archive__organization=environment, api=row.api, version=row.version)
        JobFactory(organization=environment, kind=kinds.IMPORT, promotion=promotion)

    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        assert browser.get(LIST).status_code == 200


def test_an_empty_list_teaches_the_next_step(browser: Client, reader: Client) -> None:
    assert reverse("promotions:api-version-add") in html_of(browser, LIST)
    assert reverse("promotions:api-version-import") in html_of(browser, LIST)
    assert "Operators import API versions" in html_of(reader, LIST)


def test_people_without_an_environment_are_told_so(signed_in: SignIn) -> None:
    html = html_of(signed_in(UserFactory()), LIST)

    assert "No SnapLogic environment yet" in html
    assert "Name a version" not in html


def test_only_operators_tick(browser: Client, reader: Client, environment: Organization) -> None:
    version(environment)

    assert "Tick orders 1.2" in html_of(browser, LIST)
    assert "Tick orders 1.2" not in html_of(reader, LIST)


# Naming one


def name(browser: Client, organization: Organization, **fields: str) -> str:
    values = {"organization": organization.pk, "api": "orders", "version": "1.2", **fields}
    answer = browser.post(reverse("promotions:api-version-add"), values, follow=True)
    return unescape(answer.content.decode())


def test_a_version_is_named_as_it_was_typed(browser: Client, environment: Organization) -> None:
    html = name(browser, environment, api="Lieferübersicht", version="V1 beta")

    row = ApiVersion.objects.get()
    assert (row.api, row.version, row.state) == ("Lieferübersicht", "V1 beta", ApiVersionState.UNKNOWN)
    assert "Towpath did not ask the platform" in html
    assert AuditEvent.objects.filter(verb="api.version_named").count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api": " orders"}, "begins or ends in a blank"),
        ({"version": "1/2"}, "the version"),
        ({"api": ""}, "This field is required"),
    ],
)
def test_names_that_cannot_be_sent_are_refused_at_their_field(
    browser: Client, environment: Organization, fields: dict[str, str], words: str
) -> None:
    html = name(browser, environment, **fields)

    assert words in html
    assert f'id="id_{next(iter(fields))}_error"' in html
    assert not ApiVersion.objects.exists()


def test_naming_a_known_version_again_is_refused(browser: Client, environment: Organization) -> None:
    version(environment)

    assert "is in the list already" in name(browser, environment)


def test_a_version_is_named_only_where_one_is_operator(browser: Client) -> None:
    other = SnapLogicOrganizationFactory()

    assert "Select a valid choice" in name(browser, other)


# Its page


def test_the_page_tells_what_is_known(browser: Client, environment: Organization) -> None:
    row = version(environment, assets={"Pipeline": ["get", "list"]}, listed_at=timezone.now())

    html = html_of(browser, address_of(row))

    assert 'data-copy="acme-dev/apim/orders/1.2"' in html
    assert "nobody has said it, and no call of the platform tells" in html
    assert "get, list" in html
    assert f"{reverse('promotions:api-version-import')}?source={row.pk}" in html


def test_the_page_names_at_most_some_hundred_assets_of_a_type(browser: Client, environment: Organization) -> None:
    row = version(environment, assets={"Pipeline": [f"p{n:03}" for n in range(203)]}, listed_at=timezone.now())

    html = html_of(browser, address_of(row))

    assert "p199" in html
    assert "p200" not in html
    assert "and 3 more" in html


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("unknown", {"publish", "unpublish", "deprecate", "retire"}),
        ("unpublished", {"publish"}),
        ("published", {"unpublish", "deprecate"}),
        ("deprecated", {"retire"}),
        ("retired", set()),
    ],
)
def test_the_page_offers_the_acts_that_fit_the_state(
    browser: Client, environment: Organization, state: str, offered: set[str]
) -> None:
    row = version(environment, state=state)

    html = html_of(browser, address_of(row))

    acts = {"publish", "unpublish", "deprecate", "retire"}
    assert {act for act in acts if f"act={act}&version={row.pk}" in html} == offered


def test_a_viewer_is_told_which_role_is_missing(reader: Client, environment: Organization) -> None:
    html = html_of(reader, address_of(version(environment)))

    assert "needs the role operator in Integration dev" in html
    assert "Note it" not in html
    assert "Forget" not in html
    assert "List the assets" in html


def test_the_page_lists_what_was_brought_into_it_and_from_it_and_done_to_it(
    browser: Client, environment: Organization
) -> None:
    row = version(environment)
    into = ApiImportPlanFactory(
        promotion=ApiImportFactory(
            archive__organization=environment, api="orders", version="1.2", source_place="from a zip"
        )
    )
    carried = ApiImportFactory(archive__organization=environment, api="orders", version="2.0")
    carried.pick["source"] = ["orders", "1.2"]
    carried.save()
    as_zip = ApiImportFactory(archive__organization=environment, api="orders", version="3.0", source_place=row.path)
    alone = LifecycleFactory(row=row)
    together = LifecycleFactory(row=version(environment, name="9"), title="Retire 2 API versions")
    ran = JobFactory(organization=environment, kind=kinds.LIFECYCLE, promotion=together, succeeded=True)
    TaskResultFactory(job=ran, remote_id="orders/1.2")
    strange = LifecycleFactory(row=version(environment, name="10"))

    histories = {slug: rows for slug, _, _, rows in browser.get(address_of(row)).context["histories"]}

    found = {slug: {one["promotion"].pk for one in rows} for slug, rows in histories.items()}
    assert found == {
        "into": {into.promotion.pk},
        "from": {carried.pk, as_zip.pk},
        "life": {alone.pk, together.pk},
    }
    assert strange.pk not in found["life"]
    assert [one["state"] for one in histories["into"]] == [PlanState.OPEN]


def test_the_import_that_made_a_version_under_another_name_is_listed(
    browser: Client, environment: Organization
) -> None:
    promotion = ApiImportFactory(archive__organization=environment, api="orders", version="1.2")
    job = JobFactory(organization=environment, kind=kinds.IMPORT, promotion=promotion, succeeded=True)
    row = version(environment, name="1.2(1)", state="unpublished", state_at=timezone.now(), state_job=job)

    histories = {slug: rows for slug, _, _, rows in browser.get(address_of(row)).context["histories"]}

    assert [one["promotion"].pk for one in histories["into"]] == [promotion.pk]


# Its state


def test_noting_a_state_changes_the_row_and_the_record(browser: Client, environment: Organization) -> None:
    row = version(environment)

    answer = browser.post(address_of(row, "state"), {"state": "published"}, follow=True)

    row.refresh_from_db()
    assert row.state == ApiVersionState.PUBLISHED
    assert "is noted as published" in answer.content.decode()
    assert "as somebody noted" in answer.content.decode()
    assert AuditEvent.objects.filter(verb="api.state_noted").count() == 1


@pytest.mark.parametrize(("state", "words"), [("unknown", "is noted as unknown already"), ("gone", "Choose the state")])
def test_a_state_that_says_nothing_new_is_refused(
    browser: Client, environment: Organization, state: str, words: str
) -> None:
    row = version(environment)

    answer = browser.post(address_of(row, "state"), {"state": state}, follow=True)

    assert words in answer.content.decode()
    assert not AuditEvent.objects.filter(verb="api.state_noted").exists()


# Its assets


def test_listing_is_asked_for_once_and_the_page_follows_it(reader: Client, environment: Organization) -> None:
    row = version(environment)

    reader.post(address_of(row, "listing"))
    again = reader.post(address_of(row, "listing"), headers={"HX-Request": "true"})

    job = Job.objects.get(kind=kinds.LIST_ASSETS)
    assert f"job {job.pk}" in again.content.decode()
    assert "hx-trigger" in again.content.decode()
    assert f'hx-get="{address_of(row, "listing")}"' in html_of(reader, address_of(row))


def test_the_page_is_loaded_anew_once_the_listing_is_over(reader: Client, environment: Organization) -> None:
    row = version(environment)
    JobFactory(kind=kinds.LIST_ASSETS, organization=environment, params={"api_version": row.pk}, succeeded=True)

    answer = reader.get(address_of(row, "listing"), headers={"HX-Request": "true"})

    assert answer.headers["HX-Refresh"] == "true"


def test_why_the_assets_are_not_known_is_told(reader: Client, environment: Organization) -> None:
    row = version(environment)
    JobFactory(
        kind=kinds.LIST_ASSETS,
        organization=environment,
        params={"api_version": row.pk},
        state=JobState.FAILED,
        problem="The account may not list it.",
    )

    html = html_of(reader, address_of(row))

    assert "The account may not list it." in html
    assert "They were not listed yet" not in html


# Forgetting it


def test_forgetting_asks_first(browser: Client, environment: Organization) -> None:
    row = version(environment)

    question = html_of(browser, address_of(row, "forget"))
    assert ApiVersion.objects.exists()
    answer = browser.post(address_of(row, "forget"), follow=True)

    assert "Nothing changes at the platform" in question
    assert "is no longer in the list" in answer.content.decode()
    assert not ApiVersion.objects.exists()


# Around it


def test_the_scope_leads_to_the_list_that_an_organization_has(
    signed_in: SignIn, teammate: User, organization: Organization, environment: Organization
) -> None:
    MembershipFactory(user=teammate, organization=environment, role=Role.VIEWER)
    browser = signed_in(teammate)

    here, home = html_of(browser, LIST), html_of(browser, "/")
    narrowed = html_of(browser, f"/jobs/?organization={environment.pk}")

    for html in (here, home):
        assert f'href="{LIST}?organization={environment.pk}"' in html
        assert f'href="/packages/?organization={organization.pk}"' in html
    # Packages are not searched in an environment, which has none.
    assert f'<input type="hidden" name="organization" value="{environment.pk}">' not in narrowed
