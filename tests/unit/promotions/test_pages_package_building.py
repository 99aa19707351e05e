"""The pages that make, clone, fill, change and delete packages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from promotions.choices import JobState
from promotions.forms.package_objects import Offer, dump_offers, mark_of
from promotions.models import Job, Package
from promotions.services import jobs
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory
from tests.factories_promotions import ArtifactFactory, JobFactory, PackageFactory

CREATE = reverse("promotions:package-create")
SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
IDS = [f"https://ns.adobe.com/acme/schemas/{number:040x}" for number in range(3)]


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


@pytest.fixture
def dev(organization: Organization) -> Sandbox:
    found: Sandbox = SandboxFactory(organization=organization, name="dev")
    return found


@pytest.fixture
def draft(organization: Organization, dev: Sandbox) -> Package:
    package: Package = PackageFactory(organization=organization, draft=True, name="Loyalty v1", artifact_count=2)
    for position, remote_id in enumerate(IDS[:2]):
        ArtifactFactory(package=package, position=position, remote_id=remote_id)
    return package


def said(dev: Sandbox, text: str = "", **more: Any) -> dict[str, Any]:
    """The form of a new package, filled in, its text looked over."""
    words = {"name": "Spring", "sandbox": dev.pk, "package_type": "PARTIAL", "text": text, "seen": mark_of(text)}
    return {**words, **more}


def at(name: str, package: Package) -> str:
    return reverse(f"promotions:{name}", args=[package.pk])


def shown(response: Any) -> str:
    return str(response.content.decode())


def only_job(kind: str) -> Job:
    return Job.objects.get(kind=kind)


def test_the_list_offers_a_new_package_to_operators_only(browser: Client, viewer: Client) -> None:
    texts = [shown(client.get(reverse("promotions:package-list"))) for client in (browser, viewer)]

    assert [CREATE in text for text in texts] == [True, False]


def test_a_filled_form_asks_for_the_package_and_leads_to_its_job(browser: Client, dev: Sandbox) -> None:
    day = (timezone.localdate() + timedelta(days=30)).isoformat()

    response = browser.post(CREATE, said(dev, "\n".join(IDS), publishes="on", expires_at=day, description="For April"))

    job = only_job(kinds.CREATE)
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert [one["id"] for one in job.params["artifacts"]] == IDS
    assert (job.params["name"], job.params["description"], job.params["publishes"]) == ("Spring", "For April", True)
    assert job.params["expires_at"].startswith(day)


def test_an_entire_sandbox_takes_no_objects_along(browser: Client, dev: Sandbox) -> None:
    browser.post(CREATE, said(dev, "nonsense 1", package_type="FULL"))

    assert only_job(kinds.CREATE).params["artifacts"] == []


def test_checking_shows_what_was_understood_and_sends_nothing(browser: Client, dev: Sandbox) -> None:
    response = browser.post(CREATE, said(dev, f"{IDS[0]}\n99887766", act="check", name=""))

    text = shown(response)
    assert response.status_code == 200
    assert "1 cannot be taken as named" in text
    assert "This field is required" not in text
    assert not Job.objects.exists()


def test_checking_by_script_answers_with_the_rows_alone(browser: Client, dev: Sandbox) -> None:
    response = browser.post(CREATE, said(dev, IDS[0], name=""), headers=HTMX)

    assert response.status_code == 200
    assert shown(response).lstrip().startswith('<div id="gathered"')
    assert not Job.objects.exists()


def test_a_text_that_was_not_looked_over_comes_back_with_its_rows(browser: Client, dev: Sandbox) -> None:
    response = browser.post(CREATE, said(dev, IDS[0], seen=""))

    assert response.status_code == 422
    assert "Look over what was understood" in shown(response)
    assert f'value="{mark_of(IDS[0])}"' in shown(response)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"name": "Loyalty v1"}, "Loyalty v2"),
        ({"sandbox": ""}, "Choose the sandbox that the objects come from"),
        ({"publishes": "on"}, "An empty package cannot be published"),
        ({"expires_at": "2001-01-01"}, "The expiry has to be in the future"),
        ({"package_type": "SOMETHING"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_made_is_refused_beside_its_field(
    browser: Client, draft: Package, dev: Sandbox, more: dict[str, Any], reason: str
) -> None:
    response = browser.post(CREATE, said(dev, **more))

    assert response.status_code == 422
    assert reason in shown(response)
    assert not Job.objects.exists()


def test_objects_of_another_sandbox_are_refused_before_sending(browser: Client, dev: Sandbox) -> None:
    offers = dump_offers([Offer("FLOW", "f-1", "Feed", "stage", "Theirs")])

    response = browser.post(CREATE, said(dev, offers=offers, pick="0"))

    assert response.status_code == 422
    assert "It is of the sandbox “stage”" in shown(response)
    assert not Job.objects.exists()


def test_sandboxes_of_others_and_inactive_ones_are_not_offered(browser: Client, dev: Sandbox) -> None:
    gone = SandboxFactory(organization=dev.organization, name="gone", state="deleted")
    theirs = SandboxFactory(name="theirs")

    page, *refused = [browser.get(CREATE), *(browser.post(CREATE, said(one)) for one in (gone, theirs))]

    assert "theirs" not in shown(page)
    assert "gone" not in shown(page)
    assert [response.status_code for response in refused] == [422, 422]


def test_with_several_organizations_a_sandbox_is_named_with_its_own(
    browser: Client, teammate: User, dev: Sandbox
) -> None:
    other = MembershipFactory(user=teammate, organization=OrganizationFactory(name="Globex"), role=Role.OPERATOR)
    SandboxFactory(organization=other.organization, name="dev", title="")

    text = shown(browser.get(CREATE))

    assert "Globex · dev" in text
    assert f"{dev.organization} · dev" in text


def test_without_any_sandbox_the_page_says_so(browser: Client) -> None:
    assert "No sandbox to take objects from" in shown(browser.get(CREATE))


def test_a_clone_begins_with_the_objects_and_a_free_name(browser: Client, draft: Package) -> None:
    response = browser.get(at("package-clone", draft))

    text = shown(response)
    assert 'value="Loyalty v2"' in text
    assert text.count('name="pick"') == text.count("checked aria-label") == 2


def test_a_clone_takes_what_stays_ticked(browser: Client, draft: Package, dev: Sandbox) -> None:
    offers = dump_offers([Offer("REGISTRY_SCHEMA", remote_id, "Title", "dev") for remote_id in IDS])

    browser.post(at("package-clone", draft), said(dev, offers=offers, pick=["0", "2"]))

    assert [one["id"] for one in only_job(kinds.CREATE).params["artifacts"]] == [IDS[0], IDS[2]]


def test_objects_of_another_package_come_ticked_and_once(browser: Client, draft: Package, dev: Sandbox) -> None:
    first = browser.post(CREATE, said(dev, take=str(draft.pk)), headers=HTMX)
    again = browser.post(
        CREATE,
        said(dev, take=str(draft.pk), offers=first.context["gathered"].offers_json, pick=["1"]),
        headers=HTMX,
    )

    assert [row.is_ticked for row in first.context["gathered"].offers] == [True, True]
    assert [row.is_ticked for row in again.context["gathered"].offers] == [False, True]


def test_a_package_of_strangers_cannot_be_taken_from(browser: Client, dev: Sandbox) -> None:
    assert browser.post(CREATE, said(dev, take=str(PackageFactory().pk))).status_code == 404


def test_packages_are_found_by_part_of_their_name_in_the_same_sandbox(
    browser: Client, draft: Package, dev: Sandbox
) -> None:
    PackageFactory(organization=dev.organization, name="Loyal elsewhere", source_sandbox="stage")
    PackageFactory(organization=dev.organization, name="Loyal all", full=True)
    PackageFactory(organization=dev.organization, name="Web")

    response = browser.post(CREATE, said(dev, act="find", other_name="LOYAL"), headers=HTMX)

    assert [package.name for package in response.context["others"]] == ["Loyalty v1"]


@pytest.mark.parametrize("name", ["\x00", "%", "'", "a" * 500])
def test_odd_names_find_nothing(browser: Client, draft: Package, dev: Sandbox, name: str) -> None:
    response = browser.post(CREATE, said(dev, act="find", other_name=name), headers=HTMX)

    assert response.status_code == 200
    assert response.context["others"] == []


def test_missing_objects_come_along_by_one_tick(browser: Client, draft: Package, dev: Sandbox) -> None:
    Package.objects.filter(pk=draft.pk).update(dependencies_read_at=timezone.now(), dependencies=needing(IDS[0], "d-1"))

    offered = browser.post(CREATE, said(dev, IDS[0]), headers=HTMX)
    browser.post(CREATE, said(dev, IDS[0], with_needs="on"))

    assert "These objects need 1 that is not among them" in shown(offered)
    assert [one["id"] for one in only_job(kinds.CREATE).params["artifacts"]] == [IDS[0], "d-1"]


def needing(one: str, other: str) -> dict[str, Any]:
    """Dependencies as they are kept: a schema that needs a data type."""
    nodes = [
        {"key": "a", "type": "REGISTRY_SCHEMA", "id": one, "title": "A", "depth": 0},
        {"key": "b", "type": "REGISTRY_DATATYPE", "id": other, "title": "B", "depth": 1},
    ]
    return {"nodes": nodes, "children": {"a": ["b"]}, "is_cut": False}


def listing(organization: Organization, **values: Any) -> Job:
    params = {"type": "JOURNEY", "sandbox": "dev"}
    made: Job = JobFactory(organization=organization, kind=kinds.READ_OBJECTS, marker=None, params=params, **values)
    return made


def test_listing_starts_a_job_and_shows_how_it_goes(browser: Client, dev: Sandbox) -> None:
    response = browser.post(CREATE, said(dev, act="list", listed_type="JOURNEY"), headers=HTMX)

    job = only_job(kinds.READ_OBJECTS)
    assert reverse("promotions:package-objects", args=[job.pk]) in shown(response)
    assert f'name="listing" value="{job.pk}"' in shown(response)


def test_what_was_listed_can_be_ticked_and_taken(browser: Client, dev: Sandbox) -> None:
    found = [{"id": "j-1", "title": "Welcome"}, {"id": "j-2", "title": "Winback"}]
    job = listing(dev.organization, succeeded=True, result={"objects": found, "is_offered": True})

    fragment = browser.get(reverse("promotions:package-objects", args=[job.pk]), headers=HTMX)
    browser.post(CREATE, said(dev, listing=str(job.pk), listed=["1"]))

    assert "Winback" in shown(fragment)
    assert "hx-get" not in shown(fragment)
    taken = only_job(kinds.CREATE).params["artifacts"]
    assert taken == [{"type": "JOURNEY", "id": "j-2", "title": "Winback"}]


def test_ticks_outlive_another_list(browser: Client, dev: Sandbox) -> None:
    job = listing(dev.organization, succeeded=True, result={"objects": [{"id": "j-1", "title": "Welcome"}]})

    words = said(dev, act="list", listed_type="FLOW", listing=str(job.pk), listed=["0"])
    response = browser.post(CREATE, words, headers=HTMX)

    assert [(row.offer.id, row.is_ticked) for row in response.context["gathered"].offers] == [("j-1", True)]


def test_a_list_of_another_organization_is_nobodys(browser: Client, dev: Sandbox) -> None:
    job = listing(OrganizationFactory(), succeeded=True, result={"objects": [{"id": "j-1", "title": "Theirs"}]})

    response = browser.post(CREATE, said(dev, listing=str(job.pk), listed=["0"]), headers=HTMX)

    assert response.context["gathered"].artifacts == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"succeeded": True, "result": {"is_offered": False, "objects": []}}, "has no lists of objects"),
        ({"succeeded": True, "result": {"is_offered": True, "objects": []}}, "holds no object of this type"),
        ({"state": JobState.FAILED, "problem": "Refused, says IMS."}, "Refused, says IMS."),
        ({"running": True}, "Waiting for a worker"),
    ],
)
def test_a_list_tells_what_came_of_it(browser: Client, dev: Sandbox, values: dict[str, Any], words: str) -> None:
    job = listing(dev.organization, **values)

    text = shown(browser.get(reverse("promotions:package-objects", args=[job.pk]), headers=HTMX))

    assert words in text
    assert ("hx-get" in text) is job.is_live


def test_where_no_lists_are_offered_the_picker_says_so(browser: Client, dev: Sandbox) -> None:
    listing(dev.organization, succeeded=True, result={"is_offered": False, "objects": []})

    text = shown(browser.post(CREATE, said(dev), headers=HTMX))

    assert "The platform has no lists of objects" in text
    assert "List objects" not in text


def test_adding_passes_over_what_is_there_and_leads_to_the_job(browser: Client, draft: Package) -> None:
    text = "\n".join(IDS)

    response = browser.post(at("package-add", draft), {"text": text, "seen": mark_of(text)})

    job = only_job(kinds.ADD)
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert [one["id"] for one in job.params["artifacts"]] == IDS[2:]


@pytest.mark.parametrize("text", ["", IDS[0]])
def test_adding_nothing_new_is_refused(browser: Client, draft: Package, text: str) -> None:
    response = browser.post(at("package-add", draft), {"text": text, "seen": mark_of(text)})

    assert response.status_code == 422
    assert "Name an object to add" in shown(response)


def test_missing_objects_of_a_draft_are_added_by_one_press(browser: Client, draft: Package) -> None:
    Package.objects.filter(pk=draft.pk).update(dependencies_read_at=timezone.now(), dependencies=needing(IDS[0], "d-1"))

    page = browser.get(at("package-detail", draft))
    browser.post(at("package-add", draft), {"offers": page.context["offers_json"], "pick": ["0"]})

    assert "Add 1 missing object<" in shown(page)
    assert [one["id"] for one in only_job(kinds.ADD).params["artifacts"]] == ["d-1"]


def test_what_a_draft_needs_is_said_to_be_unknown_where_nothing_was_read(browser: Client, draft: Package) -> None:
    assert "What they need beside is unknown" in shown(browser.get(at("package-detail", draft)))


def test_ticked_objects_are_removed(browser: Client, draft: Package) -> None:
    chosen = draft.artifacts.all()[1]
    other = ArtifactFactory()

    response = browser.post(at("package-remove", draft), {"artifact": [chosen.pk, other.pk, "x"]})

    job = only_job(kinds.REMOVE)
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert [one["id"] for one in job.params["artifacts"]] == [IDS[1]]


def test_removing_without_a_tick_says_what_to_do(browser: Client, draft: Package) -> None:
    response = browser.post(at("package-remove", draft), follow=True)

    assert "Tick the objects to take out" in shown(response)


def test_an_unchanged_day_keeps_the_moment_of_the_expiry(browser: Client, draft: Package) -> None:
    expires_at = (timezone.now() + timedelta(days=20)).replace(hour=3, minute=4, second=5, microsecond=0)
    Package.objects.filter(pk=draft.pk).update(expires_at=expires_at)
    day = timezone.localtime(expires_at).date().isoformat()

    browser.post(at("package-edit", draft), {"name": "Renamed", "description": "", "expires_at": day})

    job = only_job(kinds.EDIT)
    assert (job.params["name"], job.params["expires_at"]) == ("Renamed", expires_at.isoformat())


def test_an_edit_that_changes_nothing_is_refused(browser: Client, draft: Package) -> None:
    response = browser.post(at("package-edit", draft), {"name": draft.name, "description": ""})

    assert response.status_code == 422
    assert "would change" in shown(response)


def test_deleting_wants_the_name_and_tells_what_depends_on_it(browser: Client, draft: Package) -> None:
    wrong = browser.post(at("package-delete", draft), {"typed_name": "Loyalty"})
    right = browser.post(at("package-delete", draft), {"typed_name": "Loyalty v1"})

    assert wrong.status_code == 422
    assert "Type the name of the package" in shown(wrong)
    assert right["Location"] == reverse("promotions:job-detail", args=[only_job(kinds.DELETE).pk])


def test_what_depends_on_a_package_keeps_it_from_being_deleted(browser: Client, draft: Package) -> None:
    JobFactory(organization=draft.organization, package=draft, title="Loyalty run")

    page = browser.get(at("package-delete", draft))
    forged = browser.post(at("package-delete", draft), {"typed_name": "Loyalty v1"})

    assert "Loyalty run" in shown(page)
    assert "Delete package" not in shown(page)
    assert forged.status_code == 422


@pytest.mark.parametrize("name", ["package-add", "package-edit"])
def test_a_published_package_is_frozen(browser: Client, organization: Organization, name: str) -> None:
    package = PackageFactory(organization=organization, name="Done")

    page, detail = browser.get(at(name, package)), browser.get(at("package-detail", package))

    assert "its content is frozen" in shown(page)
    assert "Frozen since it was published" in shown(detail)
    assert at("package-clone", package) in shown(detail)
    assert at("package-add", package) not in shown(detail)


def test_another_expiry_than_asked_for_is_warned_of(browser: Client, draft: Package) -> None:
    now = timezone.now()
    Package.objects.filter(pk=draft.pk).update(
        expires_at=now + timedelta(days=90), asked_expires_at=now + timedelta(days=10)
    )

    assert "Another expiry than asked for" in shown(browser.get(at("package-detail", draft)))


def test_while_a_write_is_under_way_the_page_offers_no_other(browser: Client, draft: Package) -> None:
    job = JobFactory(organization=draft.organization, package=draft, kind=kinds.ADD, scope=jobs.scope_of(draft))

    detail = browser.get(at("package-detail", draft))
    live = browser.get(f"{at('package-under-way', draft)}?job={job.pk}", headers=HTMX)
    refused = browser.post(at("package-add", draft), {"text": IDS[2], "seen": mark_of(IDS[2])})
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
    over = browser.get(f"{at('package-under-way', draft)}?job={job.pk}", headers=HTMX)

    assert f"Wait for the end of job {job.pk}" in shown(detail)
    assert "Remove chosen" not in shown(detail)
    assert "Adding objects to" in shown(live)
    assert refused.status_code == 409
    assert over["HX-Refresh"] == "true"


def test_reading_anew_leads_to_its_job(browser: Client, draft: Package) -> None:
    response = browser.post(at("package-read", draft))

    assert response["Location"] == reverse("promotions:job-detail", args=[only_job(kinds.READ_PACKAGE).pk])


def test_a_viewer_sees_no_act_and_forges_none(viewer: Client, draft: Package) -> None:
    acts = ("package-clone", "package-add", "package-remove", "package-edit", "package-delete", "package-read")

    text = shown(viewer.get(at("package-detail", draft)))
    urls = (CREATE, *(at(act, draft) for act in acts))
    answers = [viewer.post(url, said(draft.organization.sandboxes.get())).status_code for url in urls]

    assert not [act for act in acts if at(act, draft) in text]
    assert answers == [403] * 7
    assert not Job.objects.exists()


def test_a_finished_job_leads_to_its_package(browser: Client, draft: Package) -> None:
    job = JobFactory(organization=draft.organization, package=draft, kind=kinds.ADD, succeeded=True)

    text = shown(browser.get(reverse("promotions:job-detail", args=[job.pk])))

    assert "Open the package" in text
    assert "Remote package id" in text
    assert "named no object" not in text
