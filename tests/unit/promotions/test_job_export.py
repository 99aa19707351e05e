"""The job list as a file."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import exporting
from accounts.choices import ExportOutcome, Role
from accounts.models import AuditEvent, Export, Membership, Organization, User
from accounts.services import exports
from promotions import job_rows
from promotions.choices import JobState
from promotions.job_lists import JobList
from promotions.models import Job
from promotions.queries import JobFilters
from promotions.services.verbs import Verb
from tests.factories import MembershipFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.unit.promotions.api_client import ApiClient

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
Begin = Callable[[Client], Iterator[bytes]]


@pytest.fixture
def browser(teammate: User, signed_in: SignIn) -> Client:
    return signed_in(teammate)


def body(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    text: str = answer.getvalue().decode("utf-8")
    return text


def csv_rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(answer), newline="")))


def json_rows(answer: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(body(answer))
    return rows


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_rows, "SLICE", 2)


def test_both_formats_hold_the_same_rows_newest_first_with_promised_columns(
    organization: Organization, teammate: User, browser: Client, small_slices: None
) -> None:
    at = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
    jobs = [
        JobFactory(
            organization=organization,
            title=f"Grüße, {number}",
            created_at=at - timedelta(minutes=number),
            requested_by=teammate,
            package=PackageFactory(organization=organization),
        )
        for number in range(5)
    ]

    as_csv, as_json = (
        csv_rows(browser.get("/jobs/export/?format=csv")),
        json_rows(browser.get("/jobs/export/?format=json")),
    )

    assert [int(row["id"]) for row in as_csv] == [row["id"] for row in as_json] == [job.pk for job in jobs]
    assert list(as_csv[0]) == list(as_json[0]) == job_rows.COLUMNS
    assert as_csv[0]["created_at"] == as_json[0]["created_at"] == "2026-03-01T12:30:15.000250+00:00"
    assert as_csv[0]["title"] == as_json[0]["title"] == "Grüße, 0"
    assert (as_csv[0]["requested_by"], as_csv[0]["kind_label"]) == ("Tim Teammate", "Import")
    assert (as_csv[0]["finished_at"], as_json[0]["finished_at"]) == ("", None)
    assert (as_csv[0]["is_foreign"], as_json[0]["is_foreign"]) == ("false", False)


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_what_a_spreadsheet_would_take_for_a_formula_becomes_text(
    organization: Organization, browser: Client, sign: str
) -> None:
    JobFactory(organization=organization, title=f"{sign}HYPERLINK(1)", progress_done=3)

    [row] = csv_rows(browser.get("/jobs/export/?format=csv"))

    assert row["title"] == f"'{sign}HYPERLINK(1)"
    assert row["progress_done"] == "3"
    assert json_rows(browser.get("/jobs/export/?format=json"))[0]["title"] == f"{sign}HYPERLINK(1)"


def test_the_file_holds_what_the_filter_keeps_and_nothing_of_others(
    organization: Organization, browser: Client, small_slices: None
) -> None:
    kept = [JobFactory(organization=organization, state=JobState.FAILED) for _ in range(3)]
    JobFactory(organization=organization)
    JobFactory(state=JobState.FAILED)

    rows = json_rows(browser.get("/jobs/export/?format=json&state=failed"))

    assert {row["id"] for row in rows} == {job.pk for job in kept}


def test_jobs_of_several_organizations_are_merged_in_order(
    organization: Organization, teammate: User, browser: Client, small_slices: None
) -> None:
    other = MembershipFactory(user=teammate).organization
    now = timezone.now()
    jobs = [
        JobFactory(organization=(organization, other)[number % 3 == 0], created_at=now - timedelta(hours=number))
        for number in range(9)
    ]

    rows = json_rows(browser.get("/jobs/export/?format=json"))

    assert [row["id"] for row in rows] == [job.pk for job in jobs]


def test_an_empty_list_is_an_empty_file_of_its_format(browser: Client) -> None:
    assert body(browser.get("/jobs/export/?format=csv")).strip() == ",".join(job_rows.COLUMNS)
    assert json_rows(browser.get("/jobs/export/?format=json")) == []


def test_an_export_is_one_line_in_the_record_with_its_filter(organization: Organization, browser: Client) -> None:
    JobFactory(organization=organization, state=JobState.FAILED)

    body(browser.get(f"/jobs/export/?format=csv&state=failed&organization={organization.pk}"))

    line = AuditEvent.objects.get()
    assert (line.verb, line.subject_text) == ("job.list_exported", "the job list")
    assert line.organization_id == organization.pk
    assert line.details == {"filter": "State: failed, Organization: Acme", "format": "csv", "rows": 1}
    assert Export.objects.get().outcome == ExportOutcome.COMPLETE


@pytest.mark.parametrize(("query", "status"), [("format=xls", 400), ("state=wrong", 422), ("since=x", 422)])
def test_what_cannot_be_exported_is_refused_and_not_recorded(browser: Client, query: str, status: int) -> None:
    assert browser.get(f"/jobs/export/?{query}").status_code == status
    assert not AuditEvent.objects.exists()


@pytest.fixture
def begin(db: None) -> Iterator[Begin]:
    """Begins an export that has sent its head and waits for its reader; ended after the test, as a server would.

    The garbage collector would end it too, but in whichever thread it runs, with a database connection nobody closes.
    """
    answers: list[Any] = []

    def begin(browser: Client) -> Iterator[bytes]:
        answers.append(browser.get("/jobs/export/?format=csv"))
        content: Iterator[bytes] = iter(answers[-1])
        next(content)
        return content

    yield begin
    for answer in answers:
        answer.close()


def test_a_second_export_of_one_person_is_refused_politely_until_the_first_ends(
    organization: Organization, teammate: User, browser: Client, begin: Begin
) -> None:
    first = begin(browser)

    page, call = browser.get("/jobs/export/?format=csv"), ApiClient(teammate).get("jobs/export/")

    assert (page.status_code, call.status_code) == (409, 409)
    assert "Your export of the job list" in page.content.decode()
    assert "is still being written" in call.json()["detail"]
    assert AuditEvent.objects.count() == 1
    list(first)
    assert browser.get("/jobs/export/?format=csv").status_code == 200


def test_exports_of_all_people_together_leave_threads_to_others(
    organization: Organization, signed_in: SignIn, settings: Any, begin: Begin
) -> None:
    settings.EXPORTS_AT_ONCE = 2
    running = [begin(signed_in(UserFactory())) for _ in range(2)]

    refused = signed_in(UserFactory()).get("/jobs/export/?format=csv")

    assert refused.status_code == 409
    assert "every place is taken" in refused.content.decode()
    list(running.pop())
    assert signed_in(UserFactory()).get("/jobs/export/?format=csv").status_code == 200


def test_a_client_that_goes_away_ends_the_export(
    organization: Organization, teammate: User, small_slices: None
) -> None:
    JobFactory.create_batch(6, organization=organization)
    export = exports.start(
        verb=Verb.JOBS_EXPORTED, what="job list", file_format="csv", filter_text="", found=(6, False), actor=teammate
    )
    writer = exporting.writer_for("csv", job_rows.COLUMNS)
    content = exporting.stream(export, writer, job_rows.slices(JobList(teammate, JobFilters())))
    next(content), next(content)

    content.close()

    export.refresh_from_db()
    assert (export.outcome, export.rows) == (ExportOutcome.STOPPED, 2)


def test_an_export_that_breaks_off_says_so_in_the_file(
    organization: Organization, browser: Client, small_slices: None, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    JobFactory.create_batch(4, organization=organization)
    read, calls = job_rows._read, []

    def fail_the_second_time(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) % 2 == 0:
            raise RuntimeError("the disk is gone")
        return read(*arguments)

    monkeypatch.setattr(job_rows, "_read", fail_the_second_time)

    as_csv, as_json = body(browser.get("/jobs/export/?format=csv")), body(browser.get("/jobs/export/?format=json"))

    assert as_csv.splitlines()[-1] == "INCOMPLETE: this export broke off after 2 rows. Export again."
    with pytest.raises(json.JSONDecodeError):
        json.loads(as_json)
    assert {export.outcome for export in Export.objects.all()} == {ExportOutcome.FAILED}
    assert "broke off after 2 rows" in caplog.text


def test_who_loses_a_membership_meanwhile_gets_no_more_rows(
    organization: Organization, teammate: User, browser: Client, small_slices: None
) -> None:
    JobFactory.create_batch(6, organization=organization)
    answer: Any = browser.get("/jobs/export/?format=json")
    content = iter(answer)
    text = next(content) + next(content)

    Membership.objects.filter(user=teammate).delete()
    text += b"".join(content)

    assert len(json.loads(text)) == 2


def test_who_is_deactivated_meanwhile_gets_an_unfinished_file(
    organization: Organization, teammate: User, browser: Client, small_slices: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SIGN_OF_LIFE_S", -1)
    JobFactory.create_batch(6, organization=organization)
    answer: Any = browser.get("/jobs/export/?format=csv")
    content = iter(answer)
    text = next(content) + next(content)

    User.objects.filter(pk=teammate.pk).update(is_active=False)
    text += b"".join(content)

    assert text.decode().splitlines()[-1].startswith("INCOMPLETE")


def test_the_place_of_a_process_that_was_killed_is_given_away(
    organization: Organization, teammate: User, browser: Client, begin: Begin
) -> None:
    begin(browser)
    Export.objects.update(seen_at=timezone.now() - exports.STALE_AFTER - timedelta(seconds=1))

    answer = browser.get("/jobs/export/?format=csv")

    assert answer.status_code == 200
    assert Export.objects.order_by("pk").values_list("outcome", flat=True)[0] == ExportOutcome.LOST


def test_no_query_of_an_export_reads_more_than_a_slice(
    organization: Organization, browser: Client, small_slices: None, django_assert_max_num_queries: Any
) -> None:
    Job.objects.bulk_create(
        Job(kind="packages.import", title="Many", organization=organization, state=JobState.SUCCEEDED) for _ in range(7)
    )

    with django_assert_max_num_queries(200) as queries:
        body(browser.get("/jobs/export/?format=csv"))

    reads = [query["sql"] for query in queries if 'FROM "promotions_job"' in query["sql"]]
    assert len(reads) >= 8
    assert all("LIMIT" in sql or '"promotions_job"."id" IN' in sql for sql in reads)
    assert not any(sql.startswith(("BEGIN", "SAVEPOINT")) for sql in reads)


def test_a_viewer_exports_over_the_api_with_the_filters_of_the_list(organization: Organization) -> None:
    viewer = MembershipFactory(organization=organization, role=Role.VIEWER).user
    job = JobFactory(organization=organization, state=JobState.FAILED)
    JobFactory(organization=organization)

    as_json = json_rows(ApiClient(viewer).get("jobs/export/", state="failed"))
    as_csv = csv_rows(ApiClient(viewer).get("jobs/export/", state="failed", format="csv"))

    assert [row["id"] for row in as_json] == [int(row["id"]) for row in as_csv] == [job.pk]
    assert ApiClient(viewer).get("jobs/export/", cursor="x").status_code == 400
    assert AuditEvent.objects.first().details["filter"] == "state=['failed']"  # type: ignore[union-attr]
