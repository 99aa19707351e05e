"""Zips over the REST API: taken as they came or refused with a sentence, listed, and erased."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEvent, IdempotentAnswer, Organization, User
from promotions.models import Archive
from promotions.services import archives, sealed_files
from promotions.systems.snaplogic.verbs import ApiVerb
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, api_headers
from tests.factories_apis import ApiImportPlanFactory, ArchiveFactory
from tests.unit.promotions.api_client import ApiClient, ids
from tests.unit.promotions.zip_making import FILES, exported

pytestmark = pytest.mark.django_db
CONTENT = exported()


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where files go in this test."""
    settings.DATA_DIR = tmp_path
    options = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": options}
    return tmp_path


@pytest.fixture
def environment(teammate: User) -> Organization:
    made: Organization = SnapLogicOrganizationFactory(remote_id="acme-dev")
    MembershipFactory(user=teammate, organization=made, role=Role.OPERATOR)
    return made


@pytest.fixture
def send(teammate: User, environment: Organization) -> Any:
    def post(content: bytes = CONTENT, name: str = "orders.zip", key: str = "", **fields: Any) -> Any:
        form = {"organization": environment.pk, "file": SimpleUploadedFile(name, content), **fields}
        form = {field: value for field, value in form.items() if value is not None}
        client = Client(raise_request_exception=False)
        headers = {"Idempotency-Key": key} if key else {}
        return client.post("/api/v1/archives/", form, headers=headers, **api_headers(teammate))

    return post


def test_a_zip_is_kept_as_it_came_and_told_with_what_it_holds(send: Any, environment: Organization) -> None:
    response = send()

    found = response.json()
    archive = Archive.objects.get()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/api/v1/archives/{archive.pk}/")
    assert (found["kind"], found["origin"], found["name"]) == ("version", "uploaded", "orders.zip")
    assert (found["size"], found["sha256"]) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert found["version_path"] == archive.version_path == "acme/apim/orders/1.2"
    assert {asset["type"] for asset in found["inventory"]["assets"]} >= {"Pipeline", "Account", "Policy"}
    assert found["inventory"]["accounts"][0]["name"] == "orders_db_account"
    assert found["created_by"]["name"] == "Tim Teammate"
    with archives.open_archive(archive) as file:
        assert file.read() == CONTENT
    for secret in ("ENC(", "hunter2hunter2", "db.dev.example.test"):
        assert secret not in response.content.decode()
    assert AuditEvent.objects.filter(verb=ApiVerb.ARCHIVE_UPLOADED).count() == 1


def test_a_large_one_goes_the_same_way(send: Any, settings: Any, folder: Path) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.READY_FREE_MB = 0

    response = send(key="large")
    again = send(key="large")

    assert response.status_code == 201
    assert again["Idempotency-Replayed"] == "true"
    with archives.open_archive(Archive.objects.get()) as file:
        assert file.read() == CONTENT
    assert sealed_files.names() == [Archive.objects.get().file]
    assert {path.name for path in folder.iterdir()} <= {"files", "files.lock"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"%PDF-1.7 no zip at all", "zip"),
        (CONTENT[:-40], "zip"),
        (exported({"notes.txt": b"nothing of SnapLogic"}), "nothing that an export of an API version has"),
        (exported({**FILES, "../../etc/cron.d/x": b"x"}), ".."),
    ],
)
def test_what_is_no_export_is_refused_at_the_file_and_nothing_stays(send: Any, content: bytes, complaint: str) -> None:
    response = send(content, key="once")

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert complaint in response.json()["errors"]["file"][0]
    assert not Archive.objects.exists()
    assert sealed_files.names() == []
    assert not IdempotentAnswer.objects.exists()


def test_one_beyond_the_limit_is_refused_with_the_limit(send: Any, settings: Any) -> None:
    settings.ARCHIVE_MAX_MB = 3

    response = send(b"PK\x03\x04" + b"x" * (3 << 20))

    assert response.status_code == 422
    assert "larger than 3 MiB" in response.json()["errors"]["file"][0]
    assert sealed_files.names() == []


def test_expression_files_are_taken_as_they_will_be_sent(send: Any) -> None:
    one = send(b"{ a: 1 }", "helpers.expr", kind="expressions")
    several = send(exported({"a/one.expr": b"{}", "b/two.expr": b"{}"}), "more.zip", kind="expressions")
    refused = send(exported({"a/one.expr": b"{}", "b/one.expr": b"{}"}), "double.zip", kind="expressions")

    assert one.json()["inventory"]["files"] == ["helpers.expr"]
    assert several.json()["inventory"]["files"] == ["one.expr", "two.expr"]
    assert refused.status_code == 422
    assert "the same name" in refused.json()["errors"]["file"][0]
    assert len(sealed_files.names()) == 2


def test_the_same_upload_under_a_key_is_kept_once(send: Any) -> None:
    first, again = send(key="release-7"), send(key="release-7")
    other = send(exported({**FILES, "more.slp": b"{}"}), key="release-7")
    renamed = send(name="other.zip", key="release-7")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert (other.status_code, renamed.status_code) == (422, 422)
    assert Archive.objects.count() == 1
    assert sealed_files.names() == [Archive.objects.get().file]


@pytest.mark.parametrize(
    ("fields", "field", "complaint"),
    [
        ({"file": None}, "file", "No file was submitted."),
        ({"file": "just text"}, "file", "not a file"),
        ({"organization": None}, "organization", "required"),
        ({"organization": "acme"}, "organization", "Send a whole number."),
        ({"organization": ["1", "2"]}, "organization", "Send it once."),
        ({"organization": SimpleUploadedFile("a", b"1")}, "organization", "Send a whole number."),
        ({"kind": "project"}, "kind", "not a valid choice"),
        ({"kinds": "version"}, "kinds", "There is no such field."),
    ],
)
def test_a_form_that_is_not_as_described_is_refused_by_field(
    send: Any, fields: dict[str, Any], field: str, complaint: str
) -> None:
    response = send(**fields)

    assert response.status_code == 400
    assert complaint in str(response.json()["errors"][field])
    assert not Archive.objects.exists()


def test_what_is_broken_on_its_way_leaves_nothing(teammate: User, environment: Organization, settings: Any) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    settings.READY_FREE_MB = 0
    body = (
        f'--x\r\nContent-Disposition: form-data; name="organization"\r\n\r\n{environment.pk}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\nUEs\r\n--x--\r\n"
    )

    response = Client().post(
        "/api/v1/archives/", body, content_type="multipart/form-data; boundary=x", **api_headers(teammate)
    )

    assert response.status_code == 400
    assert not Archive.objects.exists()


def test_only_operators_of_environments_upload_and_others_say_which_there_is_not(
    send: Any, teammate: User, viewer_api: ApiClient, environment: Organization, organization: Organization
) -> None:
    hidden, seen = SnapLogicOrganizationFactory(), SnapLogicOrganizationFactory()
    MembershipFactory(user=teammate, organization=seen, role=Role.VIEWER)

    unknown, forbidden = send(organization=hidden.pk), send(organization=seen.pk)

    assert (unknown.status_code, forbidden.status_code) == (422, 403)
    assert "organization" in unknown.json()["errors"]
    assert viewer_api.post("archives/").status_code == 403
    assert not Archive.objects.exists()
    assert sealed_files.names() == []


def test_an_environment_is_what_takes_archives(send: Any, organization: Organization) -> None:
    response = send(organization=organization.pk)

    assert response.status_code == 422
    assert "SnapLogic" in response.json()["errors"]["organization"][0]


def test_zips_are_listed_newest_first_and_narrowed(
    operator_api: ApiClient, stranger_api: ApiClient, environment: Organization
) -> None:
    zips = [ArchiveFactory(organization=environment), ArchiveFactory(organization=environment, kind="expressions")]
    ArchiveFactory()
    archives._erase(zips[0])

    found = operator_api.get("archives/")

    assert ids(found) == [zips[1].pk, zips[0].pk]
    assert "inventory" not in found.json()["results"][0]
    assert ids(operator_api.get("archives/?kind=version")) == [zips[0].pk]
    assert ids(operator_api.get("archives/?erased=false")) == [zips[1].pk]
    assert ids(operator_api.get("archives/?erased=true")) == [zips[0].pk]
    assert ids(operator_api.get(f"archives/?organization={environment.pk + 100}")) == []
    assert ids(stranger_api.get("archives/")) == []
    assert stranger_api.get(f"archives/{zips[0].pk}/").status_code == 404


def test_erasing_leaves_the_row_and_is_refused_while_a_plan_needs_the_zip(
    operator_api: ApiClient, environment: Organization
) -> None:
    free = ArchiveFactory(organization=environment, content=True)
    needed = ArchiveFactory(organization=environment, content=True)
    ApiImportPlanFactory(promotion__archive=needed)

    erased, again = operator_api.delete(f"archives/{free.pk}/"), operator_api.delete(f"archives/{free.pk}/")
    refused = operator_api.delete(f"archives/{needed.pk}/")

    assert (erased.status_code, again.status_code, refused.status_code) == (204, 422, 422)
    assert "erased already" in again.json()["detail"]
    assert "may still run" in refused.json()["detail"]
    assert operator_api.get(f"archives/{free.pk}/").json()["erased_at"]
    assert AuditEvent.objects.filter(verb=ApiVerb.ARCHIVE_ERASED).count() == 1
