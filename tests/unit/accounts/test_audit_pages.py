"""The record on its pages and over the API: filters, search, one line, the state of the chain, files."""

import csv
import io

import pytest
from django.utils import timezone

from accounts.audit_details import facts_of
from accounts.audit_lists import AuditFilters, AuditList
from accounts.choices import Role
from accounts.models import AuditEvent, Export
from accounts.services import audit, verification
from accounts.services.audit import SubjectText, Verb
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory, api_headers

pytestmark = pytest.mark.django_db


@pytest.fixture
def write():
    def run(text, *, verb=Verb.CREDENTIAL_TESTED, actor=None, organization=None, subject="thing", number="1", **facts):
        return audit.record(
            verb, actor=actor, subject=SubjectText(subject, number, text), organization=organization, **facts
        )

    return run


@pytest.fixture
def texts(signed_in):
    def run(person, /, **query):
        answer = signed_in(person).get("/audit/", query)
        assert answer.status_code == 200
        return [line["event"].subject_text for line in answer.context["lines"]]

    return run


@pytest.fixture
def call(client):
    def run(person, path, /, **query):
        return client.get(f"/api/v1/{path}", query, **api_headers(person))

    return run


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("loyalty", ["Loyalty schemas"]),
        ("LOYAL sche", ["Loyalty schemas"]),
        ("loyalty journey", []),
        ("olive", ["By Olive"]),
        ("example", ["By Olive"]),
        ("audit_er", ["With a reason"]),
        ("gruss", []),
        ("grüße", ["With a reason"]),
        ("%", []),
        ('"loyalty" OR', []),
        ("loyalty*", ["Loyalty schemas"]),
    ],
)
def test_search_looks_at_subject_reason_and_person(administrator, owner, write, texts, words, found):
    write("Loyalty schemas")
    write("With a reason", reason="Grüße an audit_ers")
    write("By Olive", actor=owner)

    assert texts(administrator, q=words) == found


def test_search_shows_nobody_what_they_may_not_see(owner, stranger, organization, write, texts):
    write("Loyalty ours", organization=organization)
    write("Loyalty theirs", organization=OrganizationFactory())

    assert texts(owner, q="loyalty") == ["Loyalty ours"]
    assert texts(stranger, q="loyalty") == []


def test_pages_of_a_search_lead_to_older_lines_and_back(administrator, signed_in, write):
    for number in range(120):
        write(f"Loyalty {number}" if number % 2 else f"Other {number}")
    browser = signed_in(administrator)

    first = browser.get("/audit/?q=loyalty")
    second = browser.get(first.context["older_url"])
    back = browser.get(second.context["newer_url"])

    assert [len(page.context["lines"]) for page in (first, second, back)] == [50, 10, 50]
    assert [line["event"].pk for line in back.context["lines"]] == [line["event"].pk for line in first.context["lines"]]
    assert second.context["older_url"] == first.context["newer_url"] == ""


def test_lines_are_narrowed_by_act_and_by_subject(administrator, write, texts):
    write("Deleted", verb=Verb.CREDENTIAL_DELETED)
    write("Tested")
    write("Job 7", subject="promotions.job", number="7")
    write("Job 8", subject="promotions.job", number="8")

    assert texts(administrator, verb="credential.deleted") == ["Deleted"]
    assert texts(administrator, subject_type="promotions.job", subject_id="7") == ["Job 7"]
    assert texts(administrator, group="credential", verb="credential.deleted") == ["Deleted"]


def test_an_admin_of_two_organizations_reads_both_in_order_and_each_line_once(owner, organization, write, texts):
    other = MembershipFactory(user=owner, role=Role.ADMIN).organization
    for number in range(6):
        write(f"Line {number}", organization=(organization, other)[number % 2], actor=owner if number % 3 else None)

    assert texts(owner) == [f"Line {number}" for number in reversed(range(6))]
    assert texts(owner, group="credential", organization=other.pk) == ["Line 5", "Line 3", "Line 1"]


def test_another_persons_lines_stay_unknown_to_who_may_not_see_them(teammate, owner, organization, write, texts):
    write("By owner", actor=owner, organization=organization)

    assert texts(teammate, person=owner.pk) == []


def test_chips_drop_one_part_and_an_empty_result_names_the_one_to_drop(administrator, signed_in, write):
    write("Tested")

    page = signed_in(administrator).get("/audit/?group=credential&verb=credential.deleted")

    assert [chip.words for chip in page.context["chips"]] == ["About: Credentials", "Act: deleted the credential"]
    assert [chip.url for chip in page.context["cures"]] == ["/audit/?group=credential"]
    assert "Drop “Act: deleted the credential”" in page.content.decode()


def test_a_line_has_a_page_with_its_details_as_facts_and_tables(owner, organization, signed_in, write):
    line = write(
        "Loyalty",
        organization=organization,
        actor=owner,
        reason="The newer one wins",
        details={"revision": 2, "decisions": {"SCHEMA:1": {"decision": "reuse", "target": "x"}}},
    )

    page = signed_in(owner).get(f"/audit/{line.sequence}/").content.decode()

    assert "The newer one wins" in page
    assert '<th scope="row">SCHEMA:1</th>' in page
    assert "<td>reuse</td>" in page
    assert line.digest in page
    assert "none: this is the first line" in page


def test_a_line_leads_to_its_subject_unless_another_organization_acted(owner, organization, signed_in, write):
    lines = [
        write("Loyalty", organization=organization, subject="promotions.job", details={"acting_organization": name})
        for name in (organization.name, "Globex")
    ]
    client = signed_in(owner)

    pages = [client.get(f"/audit/{line.sequence}/").content.decode() for line in lines]

    assert ["<dt>Subject</dt><dd><a href=" in page for page in pages] == [True, False]


def test_a_line_that_one_may_not_see_is_not_there(teammate, organization, signed_in, write, call):
    line = write("Ours", organization=organization)

    assert signed_in(teammate).get(f"/audit/{line.sequence}/").status_code == 404
    assert call(teammate, f"audit/{line.sequence}/").status_code == 404


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"is_production": True, "ims_url": ""}, [("Production", "yes"), ("IMS URL", "—")]),
        ({"name": {"from": "A", "to": None}}, [("Name", "A → —")]),
        ({"changes": []}, [("Changes", "none")]),
    ],
)
def test_short_details_are_facts_in_words(details, expected):
    assert [(fact.name, fact.text) for fact in facts_of(details)] == expected


def test_details_of_no_known_form_are_shown_as_they_were_written():
    [fact] = facts_of({"deep": {"a": {"b": {"c": 1}}}})

    assert fact.raw == {"a": {"b": {"c": 1}}}


def test_the_page_says_up_to_where_the_chain_was_read_and_no_more(administrator, signed_in, write):
    browser = signed_in(administrator)
    write("One")
    unread = browser.get("/audit/").content.decode()
    verification.step()
    write("Two")

    page = browser.get("/audit/").content.decode()

    assert "chain not verified yet" in unread
    assert "chain intact" in page
    assert "Verified up to line 1 of 2" in page


def test_a_broken_chain_is_told_above_everything_with_its_first_line(administrator, signed_in, write, tamper):
    for number in range(3):
        write(f"Line {number}")
    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 2")
    verification.step()

    page = signed_in(administrator).get("/audit/").content.decode()

    assert 'role="alert"' in page
    assert "Row 2 does not fit its digest" in page
    assert "manage.py verify_audit" in page
    assert "chain intact" not in page


def test_the_api_tells_of_the_chain(administrator, write, call):
    line = write("One")
    verification.step()

    found = call(administrator, "audit/chain/").json()

    assert (found["head"], found["verified"], found["result"]) == (f"1:{line.digest}", f"1:{line.digest}", "intact")
    assert found["is_up_to_date"] is True
    assert found["findings"] == []


def test_the_api_narrows_pages_and_refuses_what_it_does_not_know(administrator, write, call):
    for number in range(5):
        write(f"Loyalty {number}")
    now = timezone.now().isoformat()

    first = call(administrator, "audit/", q="loyalty", limit=2).json()
    second = call(administrator, "audit/", **_query(first["next"])).json()

    assert [row["sequence"] for row in first["results"] + second["results"]] == [5, 4, 3, 2]
    assert call(administrator, "audit/", at_after=now).json()["results"] == []
    assert len(call(administrator, "audit/", at_before=now).json()["results"]) == 5
    for query in ({"persn": 1}, {"group": "nothing"}, {"at_after": "soon"}, {"cursor": "x"}, {"person": -1}):
        assert call(administrator, "audit/", **query).status_code == 400, query


def _query(url):
    return dict(pair.split("=") for pair in url.partition("?")[2].split("&"))


def test_an_export_holds_what_the_filter_keeps_and_is_a_line_itself(owner, organization, signed_in, write, call):
    write("=cmd()", organization=organization, details={"n": [1]})
    write("Elsewhere", organization=OrganizationFactory())

    text = signed_in(owner).get("/audit/export/?format=csv&group=credential").getvalue().decode()
    as_json = call(owner, "audit/export/", group="credential")

    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["subject_text"], row["details"], row["previous_digest"]) == ("'=cmd()", '{"n": [1]}', "")
    assert b"Elsewhere" not in as_json.getvalue()
    line = AuditEvent.objects.filter(verb="record.exported").earliest("sequence")
    assert line.details == {"filter": "About: Credentials", "format": "csv", "rows": 1}
    assert Export.objects.count() == 2


def test_queries_do_not_grow_with_the_lines(owner, organization, signed_in, write, django_assert_max_num_queries):
    browser = signed_in(owner)

    def queries_of(query):
        with django_assert_max_num_queries(60) as captured:
            browser.get("/audit/", query)
        return len(captured)

    queries = [{}, {"q": "line"}, {"group": "credential"}, {"organization": organization.pk}]
    write("Line", organization=organization)
    few = [queries_of(query) for query in queries]
    for number in range(40):
        write(f"Line {number}", organization=organization, actor=owner)

    assert [queries_of(query) for query in queries] == few


def test_a_time_narrows_by_number_without_losing_lines_near_its_ends(administrator, write):
    lines = [write(f"Line {number}") for number in range(6)]
    found = AuditList(administrator, AuditFilters(since=lines[2].at, until=lines[4].at)).page().rows

    assert [line.sequence for line in found] == [4, 3]


def test_an_admin_of_very_many_organizations_still_reads_them(write, monkeypatch):
    person = UserFactory()
    organizations = [MembershipFactory(user=person, role=Role.ADMIN).organization for _ in range(45)]
    for organization in organizations:
        write(f"Line {organization.pk}", organization=organization)

    assert len(AuditList(person, AuditFilters()).page().rows) == 45
    assert len(AuditList(person, AuditFilters(group="credential")).page().rows) == 45
