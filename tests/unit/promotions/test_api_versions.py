"""Versions of packages over the REST API."""

import pytest

from accounts.models import Organization
from promotions.choices import JobState, PromotionMode
from promotions.models import Job, Package, Promotion
from promotions.systems.packages import kinds
from tests.factories import SandboxFactory
from tests.factories_promotions import PackageFactory
from tests.unit.promotions.api_client import ApiClient

pytestmark = pytest.mark.django_db

AT = "2026-03-01T12:00:00Z"


@pytest.fixture
def package(organization: Organization) -> Package:
    found: Package = PackageFactory(organization=organization, capabilities=["VERSIONABLE"])
    return found


def test_versions_are_told_as_last_read(operator_api: ApiClient, package: Package) -> None:
    package.package_version = "2"
    package.versions = [{"id": "x", "version": "2", "at": AT, "by": "4F1A"}]
    package.save()

    told = operator_api.get(f"packages/{package.pk}/versions/").json()

    assert told == {
        "is_offered": True,
        "reason_not_offered": "",
        "latest_version": "2",
        "versions": [{"version": "2", "at": AT, "by": "4F1A"}],
    }


def test_what_is_not_offered_says_why_and_starts_nothing(operator_api: ApiClient, package: Package) -> None:
    package.capabilities = []
    package.save()

    told = operator_api.get(f"packages/{package.pk}/versions/").json()
    refused = operator_api.post(f"packages/{package.pk}/versions/")

    assert told["is_offered"] is False
    assert "does not offer versions" in told["reason_not_offered"]
    assert told["versions"] is None
    assert refused.status_code == 422
    assert not Job.objects.exists()


def test_a_second_saving_names_the_job_in_its_way(operator_api: ApiClient, package: Package) -> None:
    first = operator_api.post(f"packages/{package.pk}/versions/")
    second = operator_api.post(f"packages/{package.pk}/versions/")

    assert first.status_code == 202
    assert second.status_code == 409
    assert str(first.json()["id"]) in str(second.json())


def test_a_comparison_does_not_stand_in_the_way_of_saving(operator_api: ApiClient, package: Package) -> None:
    operator_api.post(f"packages/{package.pk}/compare/")

    saving = operator_api.post(f"packages/{package.pk}/versions/")

    assert saving.status_code == 202
    assert set(Job.objects.values_list("kind", "state")) == {
        (kinds.COMPARE, JobState.QUEUED),
        (kinds.SAVE_VERSION, JobState.QUEUED),
    }


def test_what_was_compared_is_told_with_its_time(
    operator_api: ApiClient, organization: Organization, package: Package
) -> None:
    stage = SandboxFactory(organization=organization, name="stage")
    url = f"packages/{package.pk}/compare/"
    nothing = operator_api.get(url).json()
    package.comparison = {"at": AT, "target": "stage", "version": "1", "left_out": 0, "objects": []}
    package.save()

    told = operator_api.get(url).json()
    started = operator_api.post(url, {"sandbox": stage.pk})

    assert nothing["at"] is None
    assert (told["at"], told["target"], told["objects"]) == (AT, "stage", [])
    assert started.status_code == 202
    assert Job.objects.get().params["target"] == "stage"


def test_a_sandbox_of_another_organization_is_not_known(operator_api: ApiClient, package: Package) -> None:
    answer = operator_api.post(f"packages/{package.pk}/compare/", {"sandbox": SandboxFactory().pk})

    assert answer.status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize(("mode", "expected"), [("update", PromotionMode.UPDATE), (None, PromotionMode.CREATE)])
def test_an_import_is_planned_in_the_mode_asked_for(
    operator_api: ApiClient, organization: Organization, package: Package, mode: str | None, expected: PromotionMode
) -> None:
    stage = SandboxFactory(organization=organization, name="stage")
    body = {"package": package.pk, "sandbox": stage.pk, **({"mode": mode} if mode else {})}

    answer = operator_api.post("promotions/", body)

    assert answer.status_code == 201
    assert answer.json()["mode"] == expected
    assert Promotion.objects.get().mode == expected


def test_an_update_that_is_not_offered_is_refused(
    operator_api: ApiClient, organization: Organization, package: Package
) -> None:
    package.capabilities = None
    package.save()
    stage = SandboxFactory(organization=organization, name="stage")

    answer = operator_api.post("promotions/", {"package": package.pk, "sandbox": stage.pk, "mode": "update"})

    assert answer.status_code == 422
    assert "not known yet" in str(answer.json())
    assert not Promotion.objects.exists()
