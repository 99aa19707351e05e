"""Views of the job list: ours, a person's own, states to choose, chips to drop, and what came in meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState
from promotions.models import SavedView
from promotions.services import saved_views
from promotions.services.errors import RefusedError
from tests.factories_promotions import JobFactory, SavedViewFactory

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(teammate: User, signed_in: SignIn) -> Client:
    return signed_in(teammate)


def titles(answer: Any) -> set[str]:
    assert answer.status_code == 200
    return {row.job.title for row in answer.context["rows"]}


def test_our_views_show_what_their_names_say(
    organization: Organization, teammate: User, owner: User, browser: Client
) -> None:
    JobFactory(organization=organization, title="stuck", state=JobState.NEEDS_ATTENTION)
    JobFactory(organization=organization, title="runs", running=True)
    JobFactory(organization=organization, title="failed", state=JobState.FAILED, requested_by=teammate)
    JobFactory(
        organization=organization,
        title="failed long ago",
        state=JobState.PARTLY_FAILED,
        created_at=timezone.now() - timedelta(days=8),
        requested_by=owner,
    )
    views = {view.name: view.url for view in browser.get("/jobs/").context["views"]}

    shown = {name: titles(browser.get(url)) for name, url in views.items()}

    assert shown["Needs attention"] == {"stuck"}
    assert shown["Running"] == {"runs"}
    assert shown["Failed in 7 days"] == {"failed"}
    assert shown["Mine"] == {"failed"}
    assert len(shown["All"]) == 4


def test_mine_is_everybodys_own(organization: Organization, teammate: User, owner: User, signed_in: SignIn) -> None:
    for person in (teammate, owner):
        JobFactory(organization=organization, title=person.full_name, requested_by=person)

    assert titles(signed_in(teammate).get("/jobs/?person=me")) == {"Tim Teammate"}
    assert titles(signed_in(owner).get("/jobs/?person=me")) == {"Olive Owner"}


def test_states_are_chosen_and_dropped_one_by_one(organization: Organization, browser: Client) -> None:
    for state in (JobState.FAILED, JobState.RUNNING, JobState.SUCCEEDED):
        JobFactory(organization=organization, title=state.value, state=state)
    facets = {facet.state: facet for facet in browser.get("/jobs/?state=active").context["facets"]}

    both = browser.get(facets["failed"].url)
    chosen = {facet.state: facet.url for facet in both.context["facets"] if facet.is_chosen}

    assert {state: facet.number for state, facet in facets.items() if facet.number != "0"} == {
        "running": "1",
        "succeeded": "1",
        "failed": "1",
    }
    assert titles(both) == {"failed", "running"}
    assert set(chosen) == {"queued", "submitting", "running", "failed"}
    assert "state=failed" not in chosen["failed"]


def test_each_part_of_the_filter_is_a_chip_and_an_empty_list_names_the_part_to_drop(
    organization: Organization, browser: Client
) -> None:
    JobFactory(organization=organization, state=JobState.FAILED)

    page = browser.get(f"/jobs/?state=failed&origin=elsewhere&organization={organization.pk}")

    assert [chip.words for chip in page.context["chips"]] == [
        "State: failed",
        "Organization: Acme",
        "Started: Elsewhere",
    ]
    assert [chip.words for chip in page.context["cures"]] == ["Started: Elsewhere"]
    assert "Drop “Started: Elsewhere”" in page.content.decode()


def test_a_view_is_saved_renamed_and_deleted_and_each_is_a_line_in_the_record(teammate: User, browser: Client) -> None:
    query = "when=7d&state=failed&cursor=abc&nonsense=1"

    saved = browser.post("/jobs/views/", {"view-name": "Broken", "query": query})
    view = SavedView.objects.get()
    renamed = browser.post(f"/jobs/views/{view.pk}/rename/", {"view-name": "Broken lately"})
    page = browser.get(renamed["Location"])
    asked = browser.get(f"/jobs/views/{view.pk}/delete/")
    deleted = browser.post(f"/jobs/views/{view.pk}/delete/")

    assert (view.person, view.query) == (teammate, "state=failed&when=7d")
    assert saved["Location"] == "/jobs/?state=failed&when=7d"
    assert page.context["own"].name == "Broken lately"
    assert "Delete the view “Broken lately”?" in asked.content.decode()
    assert deleted.status_code == 302
    assert not SavedView.objects.exists()
    assert list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True)) == [
        "view.saved",
        "view.renamed",
        "view.deleted",
    ]


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("Taken", "state=failed", "You have a view named “Taken” already."),
        ("", "state=failed", "This field is required."),
        ("Odd", "state=wrong", "The filter cannot be read"),
    ],
)
def test_a_view_that_makes_no_sense_is_refused_on_the_page(
    teammate: User, browser: Client, name: str, query: str, sentence: str
) -> None:
    SavedViewFactory(person=teammate, name="Taken", query="state=queued")

    answer = browser.post("/jobs/views/", {"view-name": name, "query": query})

    assert answer.status_code == 422
    assert SavedView.objects.count() == 1
    assert sentence in answer.content.decode()


def test_a_view_without_a_filter_is_refused(teammate: User, browser: Client) -> None:
    answer = browser.post("/jobs/views/", {"view-name": "Everything", "query": ""})

    assert answer.status_code == 422
    assert "Set a filter first" in str(answer.context["save_form"].errors)


def test_a_person_keeps_a_limited_number_of_views(teammate: User) -> None:
    SavedViewFactory.create_batch(saved_views.VIEWS_LIMIT, person=teammate)

    with pytest.raises(RefusedError, match="You have 50 saved views"):
        saved_views.save_view(name="One more", query="state=failed", actor=teammate)


def test_views_of_others_are_not_there(browser: Client, owner: User) -> None:
    view = SavedViewFactory(person=owner, name="Olive's")

    assert browser.post(f"/jobs/views/{view.pk}/rename/", {"view-name": "Mine"}).status_code == 404
    assert browser.post(f"/jobs/views/{view.pk}/delete/").status_code == 404
    assert "Olive's" not in {view.name for view in browser.get("/jobs/").context["views"]}


def test_newer_jobs_are_announced_and_leave_the_rows_where_they_are(
    organization: Organization, browser: Client
) -> None:
    JobFactory(organization=organization, state=JobState.FAILED)
    page = browser.get("/jobs/?state=failed")
    watch = page.context["watch_url"]
    nothing = browser.get(watch, headers={"HX-Request": "true"})
    JobFactory.create_batch(3, organization=organization, state=JobState.FAILED)
    JobFactory(organization=organization)

    news = browser.get(watch, headers={"HX-Request": "true"})

    text = news.content.decode()
    assert nothing.status_code == 204
    assert "3 newer jobs" in text
    assert 'href="/jobs/?state=failed"' in text
    assert "<tr" not in text
    assert 'hx-trigger="every 10s"' in text


def test_an_empty_list_announces_its_first_job(organization: Organization, browser: Client) -> None:
    watch = browser.get("/jobs/").context["watch_url"]
    JobFactory(organization=organization)

    assert "1 newer job:" in browser.get(watch, headers={"HX-Request": "true"}).content.decode()


def test_older_pages_and_wrong_cursors_announce_nothing(organization: Organization, browser: Client) -> None:
    assert browser.get("/jobs/newer/?since_job=x", headers={"HX-Request": "true"}).status_code == 400
    assert browser.get("/jobs/newer/", headers={"HX-Request": "true"}).status_code == 400
    assert browser.get("/jobs/newer/?state=failed")["Location"] == "/jobs/?state=failed"
