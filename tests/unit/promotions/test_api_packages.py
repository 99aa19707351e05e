"""Packages over the REST API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Organization
from promotions.choices import JobState
from promotions.models import Job, Package
from promotions.systems.packages import kinds
from tests.factories import SandboxFactory
from tests.factories_promotions import ArtifactFactory, JobFactory, PackageFactory
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db


def test_list_holds_only_packages_of_organizations_the_caller_may_see(
    operator_api: ApiClient, organization: Organization
) -> None:
    ours = PackageFactory(organization=organization)
    PackageFactory()

    response = operator_api.get("packages/")

    assert response.status_code == 200
    assert ids(response) == [ours.pk]


def test_request_without_a_token_is_refused_as_a_problem(client, teammate) -> None:
    response = client.get("/api/v1/packages/")

    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == "Bearer"


def test_session_of_the_browser_opens_nothing(signed_in, teammate) -> None:
    assert signed_in(teammate).get("/api/v1/packages/").status_code == 401


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"status": "DRAFT"}, {"draft"}),
        ({"source_sandbox": "prod"}, {"elsewhere"}),
        ({"artifact_type": "JOURNEY"}, {"journeys"}),
        ({"visibility": "PUBLIC"}, {"public"}),
        ({"expiry": "expired"}, {"expired"}),
        ({"expiry": "7"}, {"soon"}),
        ({"q": "autumn camp"}, {"campaign"}),
        ({"q": "autumn nothing"}, set()),
        ({"q": "!!"}, set()),
    ],
)
def test_filter_keeps_what_fits(operator_api, organization, query, wanted) -> None:
    now = timezone.now()
    made = {
        "draft": PackageFactory(organization=organization, draft=True),
        "elsewhere": PackageFactory(organization=organization, source_sandbox="prod"),
        "journeys": ArtifactFactory(package__organization=organization, type="JOURNEY").package,
        "public": PackageFactory(organization=organization, visibility="PUBLIC"),
        "expired": PackageFactory(organization=organization, expired=True),
        "soon": PackageFactory(organization=organization, expires_at=now + timedelta(days=3)),
        "campaign": PackageFactory(organization=organization, name="Autumn campaign"),
    }

    response = operator_api.get("packages/", **query)

    assert set(ids(response)) == {made[name].pk for name in wanted}


def test_dates_bound_the_list_from_below_inclusively_and_from_above_exclusively(operator_api, organization) -> None:
    first, second, third = (
        PackageFactory(organization=organization, remote_created_at=f"2025-03-0{day}T00:00:00Z") for day in (1, 2, 3)
    )

    response = operator_api.get(
        "packages/", created_after="2025-03-02T00:00:00Z", created_before="2025-03-03T00:00:00Z"
    )

    assert ids(response) == [second.pk]
    assert ids(operator_api.get("packages/", created_before="2025-03-02")) == [first.pk]
    assert ids(operator_api.get("packages/", created_after="2025-03-03T01:00:00+01:00")) == [third.pk]


def test_expires_before_includes_what_has_expired_and_leaves_out_what_never_does(operator_api, organization) -> None:
    expired = PackageFactory(organization=organization, expired=True)
    PackageFactory(organization=organization, expires_at=None)

    response = operator_api.get("packages/", expires_before=timezone.now().isoformat())

    assert ids(response) == [expired.pk]


def test_vanished_packages_are_listed_only_on_request(operator_api, organization) -> None:
    vanished = PackageFactory(organization=organization, vanished=True)

    assert ids(operator_api.get("packages/")) == []
    assert ids(operator_api.get("packages/", vanished="true")) == [vanished.pk]


def test_filter_by_a_foreign_organization_finds_nothing(stranger_api, organization) -> None:
    PackageFactory(organization=organization)

    assert ids(stranger_api.get("packages/", organization=organization.pk)) == []


@pytest.mark.parametrize("order", ["-created", "created", "name", "-name"])
def test_following_next_and_previous_visits_every_row_once(operator_api, organization, order) -> None:
    moment = timezone.now()
    for number in range(7):  # equal keys on purpose: the id must part them
        PackageFactory(organization=organization, remote_created_at=moment, name=f"Same {number // 4}")
    whole = ids(operator_api.get("packages/", order=order))

    forwards = [operator_api.get("packages/", order=order, limit=3)]
    while link := forwards[-1].json()["next"]:
        forwards.append(operator_api.get(link))
    backwards = [forwards[-1]]
    while link := backwards[-1].json()["previous"]:
        backwards.append(operator_api.get(link))

    assert [pk for page in forwards for pk in ids(page)] == whole
    assert [pk for page in reversed(backwards) for pk in ids(page)] == whole
    assert [len(ids(page)) for page in forwards] == [3, 3, 1]


def test_links_keep_the_filter(operator_api, organization) -> None:
    PackageFactory.create_batch(2, organization=organization, draft=True)
    PackageFactory(organization=organization)

    first = operator_api.get("packages/", status="DRAFT", limit=1)
    second = operator_api.get(first.json()["next"])

    assert set(ids(first) + ids(second)) == set(Package.objects.filter(status="DRAFT").values_list("pk", flat=True))
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"order": "size"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1000"}, "limit"),
        ({"expiry": "-1"}, "expiry"),
        ({"expiry": "99999999999"}, "expiry"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"organization": "Acme"}, "organization"),
    ],
)
def test_query_that_makes_no_sense_is_named_field_by_field(operator_api, query, field) -> None:
    response = operator_api.get("packages/", **query)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert list(response.json()["errors"]) == [field]


def test_an_empty_value_is_refused_by_its_name(operator_api) -> None:
    response = operator_api.get("packages/", status="", organization="")

    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"status", "organization"}


def test_queries_of_the_list_do_not_grow_with_its_rows(operator_api, organization, django_assert_num_queries) -> None:
    operator_api.get("packages/")  # notes the use of the token, once a minute
    PackageFactory(organization=organization)
    with CaptureQueriesContext(connection) as with_one:
        operator_api.get("packages/")
    PackageFactory.create_batch(20, organization=organization)

    with django_assert_num_queries(len(with_one)):
        operator_api.get("packages/")


def test_detail_holds_artifacts_and_the_sandboxes_the_caller_may_import_into(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, source_sandbox="dev")
    artifact = ArtifactFactory(package=package)
    SandboxFactory(organization=organization, name="dev")
    stage = SandboxFactory(organization=organization, name="stage")
    SandboxFactory(name="elsewhere")

    found = operator_api.get(f"packages/{package.pk}/").json()

    assert [one["remote_id"] for one in found["artifacts"]] == [artifact.remote_id]
    assert [one["id"] for one in found["target_sandboxes"]] == [stage.pk]


def test_package_of_a_stranger_is_not_there(stranger_api, organization) -> None:
    package = PackageFactory(organization=organization)

    response = stranger_api.get(f"packages/{package.pk}/")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 19, "9" * 5000, "1.5"])
def test_id_that_cannot_be_one_is_not_there(operator_api, pk) -> None:
    response = operator_api.get(f"packages/{pk}/")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_publishing_queues_a_job_and_says_where_it_is(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, draft=True)

    response = operator_api.post(f"packages/{package.pk}/publish/", {"expiry_days": 30})

    job = Job.objects.get()
    assert response.status_code == 202
    assert response["Location"] == f"http://testserver/api/v1/jobs/{job.pk}/"
    assert (job.kind, job.params["expiry_days"]) == (kinds.PUBLISH, 30)
    assert AuditEvent.objects.get(verb="package.publish_requested").actor_text.startswith("Tim Teammate")


def test_publishing_twice_names_the_job_of_the_first(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, draft=True)
    first = operator_api.post(f"packages/{package.pk}/publish/")

    second = operator_api.post(f"packages/{package.pk}/publish/")

    assert second.status_code == 409
    assert second.json()["job"] == {"id": first.json()["id"], "url": first.json()["url"]}
    assert Job.objects.count() == 1


def test_package_that_is_published_is_not_published_again(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, name="Loyalty")

    response = operator_api.post(f"packages/{package.pk}/publish/")

    assert response.status_code == 422
    assert "“Loyalty” is published" in response.json()["detail"]
    assert not Job.objects.exists()


def test_viewer_may_not_publish(viewer_api, organization) -> None:
    package = PackageFactory(organization=organization, draft=True)

    response = viewer_api.post(f"packages/{package.pk}/publish/")

    assert response.status_code == 403
    assert "operator" in response.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("days", [-1, 3651, "soon", 1.5, [], True, 2**70])
def test_expiry_that_makes_no_sense_is_refused(operator_api, organization, days) -> None:
    package = PackageFactory(organization=organization, draft=True)

    response = operator_api.post(f"packages/{package.pk}/publish/", {"expiry_days": days})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["expiry_days"]
    assert not Job.objects.exists()


def test_synchronizing_twice_answers_with_the_same_job(operator_api, organization) -> None:
    first = operator_api.post(f"organizations/{organization.pk}/synchronize/")
    second = operator_api.post(f"organizations/{organization.pk}/synchronize/")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert Job.objects.get().state == JobState.QUEUED


def test_viewer_and_stranger_may_not_synchronize(viewer_api, stranger_api, organization) -> None:
    assert viewer_api.post(f"organizations/{organization.pk}/synchronize/").status_code == 403
    assert stranger_api.post(f"organizations/{organization.pk}/synchronize/").status_code == 404
    assert not Job.objects.exists()


def test_job_of_an_unfinished_import_does_not_stop_publishing(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, draft=True)
    JobFactory(package=package, organization=organization, sandbox=SandboxFactory(organization=organization))

    assert operator_api.post(f"packages/{package.pk}/publish/").status_code == 202


def test_several_packages_are_published_and_each_answers_for_itself(operator_api, organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)
    published = PackageFactory(organization=organization)

    response = operator_api.post("packages/publish/", {"packages": [draft.pk, published.pk], "expiry_days": 30})

    first, second = response.json()["outcomes"]
    assert response.status_code == 200
    assert (first["job"], first["refusal"]) == (Job.objects.get().pk, "")
    assert (second["job"], "only a draft" in second["refusal"]) == (None, True)


def test_a_package_of_others_refuses_the_whole_call(operator_api, organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)

    response = operator_api.post("packages/publish/", {"packages": [draft.pk, PackageFactory(draft=True).pk]})

    assert response.status_code == 422
    assert not Job.objects.exists()


def test_a_viewer_publishes_nothing(viewer_api, organization) -> None:
    draft = PackageFactory(organization=organization, draft=True)

    response = viewer_api.post("packages/publish/", {"packages": [draft.pk]})

    assert "role operator" in response.json()["outcomes"][0]["refusal"]
    assert not Job.objects.exists()
