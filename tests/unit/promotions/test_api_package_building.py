"""Making packages, changing drafts and deleting packages over the REST API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from promotions.models import Job, Package
from promotions.systems.packages import kinds
from tests.factories import OrganizationFactory, SandboxFactory
from tests.factories_promotions import ArtifactFactory, JobFactory, PackageFactory
from tests.unit.promotions.api_client import ApiClient

pytestmark = pytest.mark.django_db

DATASET = {"type": "CATALOG_DATASET", "id": "65f0a1b2c3d4e5f6a7b8c9d0"}


@pytest.fixture
def body(organization: Organization) -> dict[str, Any]:
    return {
        "sandbox": SandboxFactory(organization=organization, name="dev").pk,
        "name": "Autumn",
        "package_type": "PARTIAL",
        "artifacts": [DATASET],
    }


@pytest.fixture
def draft(organization: Organization) -> Package:
    package: Package = PackageFactory(organization=organization, draft=True, name="Draft", description="Old")
    ArtifactFactory(package=package, type=DATASET["type"], remote_id=DATASET["id"])
    return package


def test_creating_starts_a_job_that_knows_what_was_asked(operator_api: ApiClient, body: dict[str, Any]) -> None:
    response = operator_api.post("packages/", {**body, "expires_at": "2099-01-31T00:00:00Z", "publishes": True})

    job = Job.objects.get()
    assert response.status_code == 202
    assert response["Location"].endswith(f"/api/v1/jobs/{job.pk}/")
    assert (response.json()["kind"], response.json()["package"]) == (kinds.CREATE, None)
    assert job.params == {
        "name": "Autumn",
        "description": "",
        "package_type": "PARTIAL",
        "sandbox": "dev",
        "expires_at": "2099-01-31T00:00:00+00:00",
        "artifacts": [{**DATASET, "title": ""}],
        "publishes": True,
    }


def test_creating_the_same_name_twice_is_refused_and_names_the_first_job(
    operator_api: ApiClient, body: dict[str, Any]
) -> None:
    first = operator_api.post("packages/", body)

    second = operator_api.post("packages/", body)

    assert second.status_code == 409
    assert second.json()["job"]["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"package_type": "HALF"}, "package_type"),
        ({"artifacts": [{"type": "FLOW"}]}, "artifacts"),
        ({"artifacts": [{**DATASET, "colour": "red"}]}, "artifacts"),
        ({"artifacts": "all"}, "artifacts"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"publish": True}, "publish"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused(
    operator_api: ApiClient, body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    response = operator_api.post("packages/", {**body, **change})

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert not Job.objects.exists()


def test_a_taken_name_is_refused_with_a_free_one(
    operator_api: ApiClient, organization: Organization, body: dict[str, Any]
) -> None:
    PackageFactory(organization=organization, name="Autumn")

    response = operator_api.post("packages/", body)

    assert response.status_code == 422
    assert "“Autumn (2)”" in response.json()["errors"]["name"][0]


def test_an_object_of_another_sandbox_is_refused(operator_api: ApiClient, body: dict[str, Any]) -> None:
    response = operator_api.post("packages/", {**body, "artifacts": [{**DATASET, "sandbox": "prod"}]})

    assert response.status_code == 422
    assert "“prod”" in response.json()["errors"]["artifacts"][0]


def test_a_sandbox_that_one_may_not_see_is_as_if_it_were_not_there(
    operator_api: ApiClient, body: dict[str, Any]
) -> None:
    foreign = SandboxFactory(organization=OrganizationFactory(name="Secret Globex")).pk

    response = operator_api.post("packages/", {**body, "sandbox": foreign})

    assert response.status_code == 422
    assert "Globex" not in response.content.decode()


def test_a_viewer_makes_and_changes_nothing(viewer_api: ApiClient, body: dict[str, Any], draft: Package) -> None:
    answers = [
        viewer_api.post("packages/", body),
        viewer_api.post(f"packages/{draft.pk}/artifacts/", {"artifacts": [DATASET]}),
        viewer_api.post(f"packages/{draft.pk}/artifacts/remove/", {"artifacts": [DATASET]}),
        viewer_api.patch(f"packages/{draft.pk}/", {"name": "Other"}),
        viewer_api.delete(f"packages/{draft.pk}/?name=Draft"),
        viewer_api.post(f"packages/{draft.pk}/read/"),
        viewer_api.post(
            f"organizations/{draft.organization_id}/objects/", {"sandbox": body["sandbox"], "type": "FLOW"}
        ),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert not Job.objects.exists()


def test_objects_are_added_and_removed_by_jobs(operator_api: ApiClient, draft: Package) -> None:
    removing = operator_api.post(f"packages/{draft.pk}/artifacts/remove/", {"artifacts": [DATASET]})
    adding = operator_api.post(f"packages/{draft.pk}/artifacts/", {"artifacts": [{"type": "FLOW", "id": "x"}]})

    assert (removing.status_code, removing.json()["kind"]) == (202, kinds.REMOVE)
    assert adding.status_code == 409  # one change at a time
    assert adding.json()["job"]["id"] == removing.json()["id"]


def test_what_a_change_leaves_out_stays(operator_api: ApiClient, draft: Package) -> None:
    asked = timezone.now() + timedelta(days=9)
    Package.objects.filter(pk=draft.pk).update(asked_expires_at=asked)

    response = operator_api.patch(f"packages/{draft.pk}/", {"name": "Other"})

    params = Job.objects.get().params
    assert response.status_code == 202
    assert (params["name"], params["description"], params["expires_at"]) == ("Other", "Old", asked.isoformat())


def test_null_leaves_the_expiry_to_the_platform(operator_api: ApiClient, draft: Package) -> None:
    Package.objects.filter(pk=draft.pk).update(asked_expires_at=timezone.now() + timedelta(days=9))

    operator_api.patch(f"packages/{draft.pk}/", {"name": "Other", "expires_at": None})

    assert Job.objects.get().params["expires_at"] is None


def test_a_published_package_is_frozen_and_says_so(operator_api: ApiClient, organization: Organization) -> None:
    package = PackageFactory(organization=organization)

    change = operator_api.patch(f"packages/{package.pk}/", {"name": "Other"})
    shown = operator_api.get(f"packages/{package.pk}/").json()

    assert change.status_code == 422
    assert "its content is frozen" in shown["why_no_change"]
    assert change.json()["detail"] == shown["why_no_change"]


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("?name=", 400), ("?name=Draft&force=1", 400), ("?name=draft", 422)]
)
def test_deleting_needs_the_name(operator_api: ApiClient, draft: Package, query: str, status: int) -> None:
    assert operator_api.delete(f"packages/{draft.pk}/{query}").status_code == status
    assert not Job.objects.exists()


def test_deleting_starts_a_job(operator_api: ApiClient, draft: Package) -> None:
    response = operator_api.delete(f"packages/{draft.pk}/?name=Draft")

    assert (response.status_code, response.json()["kind"]) == (202, kinds.DELETE)


def test_what_still_needs_a_package_is_listed(operator_api: ApiClient, draft: Package) -> None:
    job = JobFactory(organization=draft.organization, package=draft, kind=kinds.PUBLISH)

    response = operator_api.delete(f"packages/{draft.pk}/?name=Draft")

    assert response.status_code == 409
    assert response.json()["usages"] == [{"text": f"unfinished job “{job.title}”", "url": f"/jobs/{job.pk}/"}]


def test_reading_again_answers_with_the_reading_that_is_under_way(operator_api: ApiClient, draft: Package) -> None:
    first, second = (operator_api.post(f"packages/{draft.pk}/read/") for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]


def test_object_lists_are_asked_for_by_type(operator_api: ApiClient, body: dict[str, Any]) -> None:
    sandbox = body["sandbox"]
    organization = Organization.objects.get(sandboxes=sandbox)

    known = operator_api.post(f"organizations/{organization.pk}/objects/", {"sandbox": sandbox, "type": "JOURNEY"})
    unknown = operator_api.post(f"organizations/{organization.pk}/objects/", {"sandbox": sandbox, "type": "TEAPOT"})

    assert (known.status_code, known.json()["kind"]) == (202, kinds.READ_OBJECTS)
    assert unknown.status_code == 400
