"""The package list, the page of one package, publishing and synchronizing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState, PackageStatus
from promotions.models import Job, Package
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory, UserFactory
from tests.factories_promotions import ArtifactFactory, JobFactory, PackageFactory

LIST = reverse("promotions:package-list")
SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


def names(browser: Client, query: str = "") -> list[str]:
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200, response.status_code
    return [package.name for package in response.context["packages"]]


def test_the_list_holds_only_packages_of_own_organizations(browser: Client, organization: Organization) -> None:
    PackageFactory(organization=organization, name="Ours")
    PackageFactory(name="Theirs")

    found = names(browser)

    assert found == ["Ours"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=PUBLISHED", {"Plain", "Soon"}),
        ("status=DRAFT", {"Draft"}),
        ("status=expired", {"Expired"}),
        ("status=vanished", {"Vanished"}),
        ("visibility=PUBLIC", {"Draft"}),
        ("sandbox=stage", {"Soon"}),
        ("sandbox=no-longer-listed", set()),
        ("type=PROFILE_SEGMENT", {"Plain"}),
        ("expiry=7", {"Soon"}),
        ("expiry=1", set()),
        ("expiry=expired", {"Expired"}),
        ("q=so", {"Soon"}),
        ("q=soon+plain", set()),
        ("since=2026-01-01&until=2026-01-31", {"Draft"}),
    ],
)
def test_each_filter_lets_through_what_it_names(
    browser: Client, organization: Organization, query: str, expected: set[str]
) -> None:
    now = timezone.now()
    SandboxFactory(organization=organization, name="stage")
    plain = PackageFactory(organization=organization, name="Plain", remote_created_at=now)
    ArtifactFactory(package=plain, type="PROFILE_SEGMENT")
    january = now.replace(year=2026, month=1, day=15)
    PackageFactory(organization=organization, name="Draft", draft=True, visibility="PUBLIC", remote_created_at=january)
    PackageFactory(organization=organization, name="Soon", expires_at=now + timedelta(days=3), source_sandbox="stage")
    PackageFactory(organization=organization, name="Expired", expired=True)
    PackageFactory(organization=organization, name="Vanished", vanished=True)

    found = names(browser, query)

    assert set(found) == expected


def test_the_list_can_be_ordered_by_name_and_date(browser: Client, organization: Organization) -> None:
    now = timezone.now()
    for name, days in (("beta", 3), ("Alpha", 1), ("gamma", 2)):
        PackageFactory(organization=organization, name=name, remote_created_at=now - timedelta(days=days))

    orders = {order: names(browser, f"order={order}") for order in ("", "created", "name", "-name")}

    assert orders == {
        "": ["Alpha", "gamma", "beta"],
        "created": ["beta", "gamma", "Alpha"],
        "name": ["Alpha", "beta", "gamma"],
        "-name": ["gamma", "beta", "Alpha"],
    }


def test_pages_lead_through_all_rows_and_keep_the_filter(browser: Client, organization: Organization) -> None:
    for number in range(120):
        PackageFactory(organization=organization, name=f"P {number:03}")
    PackageFactory(organization=organization, name="P draft", draft=True)

    seen, url = [], f"{LIST}?status=PUBLISHED&order=name"
    while url:
        response = browser.get(url)
        seen += [package.name for package in response.context["packages"]]
        url = response.context["older_url"]

    assert seen == [f"P {number:03}" for number in range(120)]


def test_pages_of_a_list_by_name_are_not_called_older(browser: Client, organization: Organization) -> None:
    PackageFactory.create_batch(51, organization=organization)

    texts = [browser.get(f"{LIST}?order={order}").content.decode() for order in ("-created", "name")]

    assert "Older" in texts[0]
    assert "Older" not in texts[1]
    assert "Next" in texts[1]


def test_the_count_is_capped(browser: Client, organization: Organization) -> None:
    Package.objects.bulk_create(PackageFactory.build_batch(1005, organization=organization))

    response = browser.get(LIST)

    assert "1,000+ packages" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=NOTHING", "Select a valid choice"),
        ("since=yesterday&q=loyalty", "Enter a valid date"),
        ("since=2026-02-01&until=2026-01-01&q=loyalty", "This day is before the first one"),
        ("organization=99999", "Select a valid choice"),
    ],
)
def test_a_wrong_filter_is_refused_and_keeps_what_was_typed(browser: Client, query: str, message: str) -> None:
    response = browser.get(f"{LIST}?{query}")

    text = response.content.decode()
    assert response.status_code == 422
    assert message in text
    assert ('value="loyalty"' in text) == ("q=loyalty" in query)


def test_a_made_up_cursor_is_a_bad_request(browser: Client) -> None:
    response = browser.get(f"{LIST}?cursor=made-up")

    assert response.status_code == 400


def test_a_chip_leads_to_the_list_without_its_part(browser: Client, organization: Organization) -> None:
    PackageFactory(organization=organization, name="Loyalty")

    response = browser.get(f"{LIST}?q=loyal&status=PUBLISHED")

    chips = {chip.words: chip.url for chip in response.context["chips"]}
    assert chips == {"Search: loyal": f"{LIST}?status=PUBLISHED", "Status: published": f"{LIST}?q=loyal"}


def test_an_empty_result_says_which_part_to_drop(browser: Client, organization: Organization) -> None:
    PackageFactory(organization=organization, name="Loyalty")

    response = browser.get(f"{LIST}?q=loyal&status=DRAFT")

    text = response.content.decode()
    assert "No package fits this filter" in text
    assert "Without “Status: draft”: 1" in text
    assert "Without “Search: loyal”: still none" in text


def test_somebody_without_an_organization_is_told_what_to_do(signed_in: SignIn, administrator: User) -> None:
    member, admin = signed_in(UserFactory()), signed_in(administrator)

    texts = [one.get(LIST).content.decode() for one in (member, admin)]

    assert "Ask an administrator" in texts[0]
    assert reverse("accounts:organization-create") not in texts[0]
    assert reverse("accounts:organization-create") in texts[1]


def test_an_organization_without_packages_teaches_to_synchronize(browser: Client) -> None:
    text = browser.get(LIST).content.decode()

    assert "No packages yet" in text
    assert "never synchronized" in text


def test_queries_do_not_grow_with_rows_and_by_one_short_one_with_each_organization(
    browser: Client, teammate: User
) -> None:
    def fill(organizations: int) -> None:
        for _ in range(organizations):
            organization = OrganizationFactory()
            MembershipFactory(user=teammate, organization=organization, role=Role.OPERATOR)
            JobFactory(organization=organization, kind=kinds.SYNCHRONIZE, state=JobState.SUCCEEDED, marker=None)
            PackageFactory.create_batch(2, organization=organization)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(LIST)
        return len(captured)

    fill(1)
    browser.get(LIST)
    few = queries()
    PackageFactory.create_batch(20, organization=Organization.objects.latest("pk"))
    more_rows = queries()
    fill(6)

    assert more_rows == few
    assert queries() == few + 6


def test_synchronizing_queues_a_job_and_shows_it_on_the_list(browser: Client, organization: Organization) -> None:
    response = browser.post(reverse("promotions:package-synchronize", args=[organization.pk]), headers=HTMX)

    job = Job.objects.get(kind=kinds.SYNCHRONIZE)
    text = response.content.decode()
    assert response.status_code == 200
    assert reverse("promotions:job-detail", args=[job.pk]) in text
    assert 'hx-trigger="every 1s"' in text
    assert AuditEvent.objects.filter(verb=Verb.SYNCHRONIZATION_REQUESTED).count() == 1


def test_a_finished_synchronization_stops_polling_and_renews_the_rows(
    browser: Client, organization: Organization
) -> None:
    JobFactory(
        organization=organization,
        kind=kinds.SYNCHRONIZE,
        marker=None,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now(),
    )

    response = browser.get(reverse("promotions:package-synchronization", args=[organization.pk]), headers=HTMX)

    assert "hx-trigger" not in response.content.decode()
    assert "packages-changed" in response["HX-Trigger"]


def test_a_failed_synchronization_is_named_with_its_reason(browser: Client, organization: Organization) -> None:
    JobFactory(
        organization=organization,
        kind=kinds.SYNCHRONIZE,
        marker=None,
        state=JobState.FAILED,
        problem="The key was refused.",
    )

    text = browser.get(LIST).content.decode()

    assert "last try failed" in text
    assert "The key was refused." in text


def test_the_rows_alone_answer_htmx(browser: Client, organization: Organization) -> None:
    PackageFactory(organization=organization, name="Loyalty")

    response = browser.get(LIST, headers=HTMX)

    text = response.content.decode()
    assert "Loyalty" in text
    assert "<!doctype" not in text
    assert "HX-Request" in response["Vary"]


# One package


def test_a_package_shows_its_objects_jobs_and_json(browser: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization, name="Loyalty", raw={"id": "raw-id-1"})
    ArtifactFactory(package=package, type="PROFILE_SEGMENT", title="Gold members", remote_id="segment-77")
    JobFactory(organization=organization, package=package, title="Import of Loyalty", succeeded=True)

    text = browser.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert all(words in text for words in ("Audience", "Gold members", "segment-77", "Import of Loyalty", "raw-id-1"))
    assert reverse("promotions:promotion-create", args=[package.pk]) in text


def test_a_package_of_others_does_not_exist(browser: Client) -> None:
    response = browser.get(reverse("promotions:package-detail", args=[PackageFactory().pk]))

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"expired": True}, "an expired package cannot be imported"),
        ({"vanished": True}, "no longer at the platform"),
        ({"status": PackageStatus.PUBLISH_IN_PROGRESS}, "only a published package can be imported"),
        ({"draft": True, "artifact_count": 0}, "It is empty. Add objects"),
    ],
)
def test_what_cannot_be_done_says_why(
    browser: Client, organization: Organization, traits: dict[str, object], reason: str
) -> None:
    package = PackageFactory(organization=organization, **traits)

    text = browser.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert reason in text
    assert reverse("promotions:promotion-create", args=[package.pk]) not in text
    assert reverse("promotions:package-publish", args=[package.pk]) not in text


def test_a_viewer_is_offered_neither_planning_nor_publishing(viewer: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization)

    text = viewer.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert "needs the role operator" in text
    assert reverse("promotions:promotion-create", args=[package.pk]) not in text


def test_publishing_asks_and_then_queues_a_job(browser: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization, draft=True)
    url = reverse("promotions:package-publish", args=[package.pk])

    asked = browser.get(url).content.decode()
    response = browser.post(url, {"expiry_days": "30"})

    job = Job.objects.get(kind=kinds.PUBLISH)
    assert "cannot be undone" in asked
    assert 'value="90"' in asked
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert job.params["expiry_days"] == 30


@pytest.mark.parametrize("days", ["0", "3651", "many", ""])
def test_an_expiry_out_of_bounds_is_refused(browser: Client, organization: Organization, days: str) -> None:
    package = PackageFactory(organization=organization, draft=True)

    response = browser.post(reverse("promotions:package-publish", args=[package.pk]), {"expiry_days": days})

    assert response.status_code == 422
    assert not Job.objects.exists()


def test_a_published_package_is_not_published_again(browser: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization)

    response = browser.post(reverse("promotions:package-publish", args=[package.pk]), {"expiry_days": "30"})

    assert response.status_code == 422
    assert "only a draft, or one whose publishing failed" in response.content.decode()
    assert not Job.objects.exists()


def test_reading_dependencies_is_a_job_with_live_progress(browser: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization)
    url = reverse("promotions:package-dependencies", args=[package.pk])

    response = browser.post(url, headers=HTMX)

    job = Job.objects.get(kind=kinds.READ_DEPENDENCIES)
    assert job.package == package
    assert 'hx-trigger="every 1s"' in response.content.decode()
    assert AuditEvent.objects.filter(verb=Verb.DEPENDENCIES_REQUESTED).count() == 1


def test_known_dependencies_show_as_picture_and_as_list(browser: Client, organization: Organization) -> None:
    dependencies = {
        "nodes": [
            {"key": "REGISTRY_SCHEMA:a", "type": "REGISTRY_SCHEMA", "id": "a", "title": "Member", "depth": 0},
            {"key": "REGISTRY_CLASS:b", "type": "REGISTRY_CLASS", "id": "b", "title": "Record", "depth": 1},
        ],
        "children": {"REGISTRY_SCHEMA:a": ["REGISTRY_CLASS:b"]},
    }
    package = PackageFactory(organization=organization, dependencies=dependencies, dependencies_read_at=timezone.now())

    text = browser.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert text.count('class="edge"') == 1
    assert 'href="#object-REGISTRY-CLASS-b"' in text
    assert 'id="object-REGISTRY-CLASS-b"' in text


def test_an_entire_sandbox_has_no_dependencies_to_read(browser: Client, organization: Organization) -> None:
    package = PackageFactory(organization=organization, full=True)

    browser.post(reverse("promotions:package-dependencies", args=[package.pk]))

    assert not Job.objects.exists()


# Publishing several


def test_ticked_drafts_are_published_together(browser: Client, organization: Organization) -> None:
    first, second = (PackageFactory(organization=organization, draft=True) for _ in range(2))
    ids = [first.pk, second.pk]

    asked = browser.get("/packages/publish/", {"package": ids})
    response = browser.post("/packages/publish/", {"package": ids, "expiry_days": "30"}, follow=True)

    assert "Publish 2 packages?" in asked.content.decode()
    assert "2 packages are being published." in response.content.decode()
    jobs = Job.objects.filter(kind=kinds.PUBLISH)
    assert {job.package_id for job in jobs} == set(ids)
    assert {job.params["expiry_days"] for job in jobs} == {30}
    assert AuditEvent.objects.filter(verb="package.publish_requested").count() == 2


def test_what_cannot_be_published_is_left_out_and_says_why(browser: Client, organization: Organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)
    published = PackageFactory(organization=organization, name="Done already")
    ids = [draft.pk, published.pk]

    asked = browser.get("/packages/publish/", {"package": ids}).content.decode()
    response = browser.post("/packages/publish/", {"package": ids, "expiry_days": "30"}, follow=True)

    assert "Publish 1 package?" in asked
    assert "“Done already” is published; only a draft" in asked
    assert "“Done already” is published; only a draft" in response.content.decode()
    assert Job.objects.get(kind=kinds.PUBLISH).package == draft


def test_packages_of_others_cannot_be_ticked(browser: Client) -> None:
    other = PackageFactory(draft=True)

    response = browser.post("/packages/publish/", {"package": [other.pk], "expiry_days": "30"}, follow=True)

    assert "Select a valid choice" in response.content.decode()
    assert not Job.objects.exists()


def test_nothing_ticked_is_told(browser: Client) -> None:
    response = browser.get("/packages/publish/", follow=True)

    assert "Tick the packages to publish first." in response.content.decode()


def test_only_drafts_of_organizations_one_operates_can_be_ticked(browser: Client, organization: Organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)
    PackageFactory(organization=organization)
    PackageFactory(organization=organization, draft=True, artifact_count=0)

    page = browser.get("/packages/").content.decode()

    assert page.count('form="publish-chosen" aria-label="Tick') == 1
    assert f'name="package" value="{draft.pk}"' in page


def test_a_wrong_expiry_keeps_what_was_ticked(browser: Client, organization: Organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)

    response = browser.post("/packages/publish/", {"package": [draft.pk], "expiry_days": "0"})

    assert response.status_code == 422
    assert f'name="package" value="{draft.pk}"' in response.content.decode()
    assert not Job.objects.exists()
