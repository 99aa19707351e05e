"""The record: what a line holds, that it cannot be changed, and that tampering shows."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import TextChoices

from accounts.models import AuditEvent, AuditHead
from accounts.services import audit, organizations
from accounts.services.audit import Head, SubjectText, Verb
from tests.factories import OrganizationFactory
from tests.unit.accounts.races import at_once

pytestmark = pytest.mark.django_db


def write_lines(count, **facts):
    return [
        audit.record(Verb.CREDENTIAL_TESTED, actor=None, subject=SubjectText("thing", str(n), f"Thing {n}"), **facts)
        for n in range(1, count + 1)
    ]


def findings(expected_head=None):
    return [finding.text for finding in audit.verify(expected_head).findings]


def test_a_line_says_who_did_what_to_what_and_where_it_came_from(owner, organization):
    audit.address.set("192.0.2.7")

    event = audit.record(
        Verb.ORGANIZATION_CHANGED, actor=owner, subject=organization, reason="tidying", details={"name": "Acme"}
    )

    audit.address.set("")
    event.refresh_from_db()
    assert event.actor_id == owner.pk
    assert event.actor_text == "Olive Owner <owner@example.com>"
    assert (event.subject_type, event.subject_id, event.subject_text) == (
        "accounts.organization",
        str(organization.pk),
        "Acme",
    )
    assert event.organization_id == organization.pk
    assert (event.reason, event.details, event.address) == ("tidying", {"name": "Acme"}, "192.0.2.7")


def test_a_line_without_an_actor_is_towpath_s_own():
    event = write_lines(1)[0]

    assert (event.actor_id, event.actor_text) == (None, "Towpath")


def test_secrets_in_details_and_reason_become_a_marker():
    event = write_lines(
        1, details={"client_secret": "p8e-very-secret", "note": "Bearer abcdefghijklmnop"}, reason="password=hunter22"
    )[0]

    written = json.dumps(event.content())
    assert "p8e-very-secret" not in written
    assert "abcdefghijklmnop" not in written
    assert "hunter22" not in written


def test_a_verb_that_nobody_registered_is_refused():
    with pytest.raises(audit.UnknownVerbError, match=r"'package\.teleported' is not a registered verb"):
        audit.record("package.teleported", actor=None, subject=SubjectText("thing", "1", "Thing"))

    assert not AuditEvent.objects.exists()


def test_a_verb_that_is_registered_already_is_refused():
    class Again(TextChoices):
        TESTED = "credential.tested", "tested again"

    with pytest.raises(ValueError, match=r"registered already: credential\.tested"):
        audit.register_verbs(Again)


def test_a_group_of_verbs_without_a_name_is_refused():
    class Odd(TextChoices):
        ACT = "oddity.happened", "did"

    with pytest.raises(ValueError, match="have no name: oddity"):
        audit.register_verbs(Odd)


@pytest.mark.django_db(transaction=True)
def test_a_line_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="in the transaction of the change"):
        write_lines(1)

    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_line(organization):
    def change_and_fail():
        with transaction.atomic():
            audit.record(Verb.ORGANIZATION_CHANGED, actor=None, subject=organization)
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError, match="the change failed"):
        change_and_fail()

    assert not AuditEvent.objects.exists()
    assert audit.verify().is_intact


ATTACKS = ["UPDATE accounts_auditevent SET reason = 'x'", "DELETE FROM accounts_auditevent"]
if connection.vendor == "postgresql":
    ATTACKS.append("TRUNCATE accounts_auditevent")


@pytest.mark.parametrize("statement", ATTACKS)
def test_the_database_refuses_to_change_or_remove_a_line(statement):
    write_lines(1)

    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.get().reason == ""


def test_an_untouched_record_is_intact_and_its_head_is_the_last_line():
    lines = write_lines(3)

    result = audit.verify()

    assert result.is_intact
    assert result.rows == 3
    assert result.head == Head(3, lines[-1].digest)


def test_an_empty_record_is_intact():
    result = audit.verify()

    assert result.is_intact
    assert str(result.head) == "0:"


def test_odd_values_verify_after_a_round_trip_through_the_database():
    odd = {
        "nul": "a\x00b",
        "half a pair": "\ud800",
        "large": 2**70,
        "fraction": 1.10,
        "money": Decimal("1.50"),
        "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "verb": Verb.PERSON_INVITED,
        "list": (True, None, {"é": "\u2028"}),
        "z": 1,
        "a": 2,
    }

    audit.record(Verb.PERSON_INVITED, actor=None, subject=SubjectText("thing\x00", "1", "ü" * 400), details=odd)

    assert findings() == []
    assert AuditEvent.objects.get().details["fraction"] == "1.1"


def test_microseconds_of_the_time_are_covered(tamper):
    write_lines(1)
    at = AuditEvent.objects.get().at

    tamper("UPDATE accounts_auditevent SET at = %s", [at.replace(microsecond=(at.microsecond + 1) % 10**6)])

    assert findings() == ["Row 1 does not fit its digest: it was changed or inserted."]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("verb", "credential.deleted"),
        ("actor_text", "Somebody else"),
        ("actor_id", 99),
        ("organization_id", 99),
        ("subject_type", "other"),
        ("subject_id", "99"),
        ("subject_text", "Something else"),
        ("reason", "because"),
        ("details", '{"ok": false}'),
        ("request_id", "forged"),
        ("address", "203.0.113.9"),
        ("digest", "0" * 64),
    ],
)
def test_a_changed_column_is_found_and_its_row_named(tamper, column, value):
    write_lines(3)

    tamper(f"UPDATE accounts_auditevent SET {column} = %s WHERE sequence = 2", [value])  # noqa: S608  names of our own

    assert "Row 2 does not fit its digest: it was changed or inserted." in findings()


def test_one_changed_row_does_not_accuse_the_others(tamper):
    write_lines(5)

    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 2")

    assert findings() == ["Row 2 does not fit its digest: it was changed or inserted."]


def test_removed_rows_are_found(tamper):
    write_lines(6)

    tamper("DELETE FROM accounts_auditevent WHERE sequence IN (1, 3, 4)")

    assert findings() == [
        "Row 1 is missing: removed, or never part of this chain.",
        "Rows 3 to 4 are missing: removed, or never part of this chain.",
    ]


def test_a_removed_row_whose_place_is_closed_up_is_found(tamper):
    write_lines(3)

    tamper("DELETE FROM accounts_auditevent WHERE sequence = 2")
    tamper("UPDATE accounts_auditevent SET sequence = 2 WHERE sequence = 3")

    assert "Row 2 does not fit its digest: it was changed or inserted." in findings()


def test_an_inserted_row_behind_the_head_is_found(tamper):
    write_lines(2)
    forged = AuditEvent.objects.get(sequence=2)
    forged.sequence = 3

    forged.save(force_insert=True)

    assert findings() == ["Row 3 lies behind the head of the chain: it was inserted."]


def test_an_inserted_row_with_the_head_moved_along_is_found(tamper):
    write_lines(2)
    forged = AuditEvent.objects.get(sequence=2)
    forged.sequence = 3
    forged.save(force_insert=True)

    AuditHead.objects.update(sequence=3, digest=forged.digest)

    assert findings() == ["Row 3 does not fit its digest: it was changed or inserted."]


def test_rows_cut_off_at_the_end_are_found(tamper):
    write_lines(4)

    tamper("DELETE FROM accounts_auditevent WHERE sequence > 2")

    assert findings() == ["Rows 3 to 4 are missing: they were cut off."]


def test_rows_cut_off_together_with_the_head_are_found_with_an_expected_head(tamper):
    lines = write_lines(4)
    exported = Head(4, lines[3].digest)
    tamper("DELETE FROM accounts_auditevent WHERE sequence > 2")
    AuditHead.objects.update(sequence=2, digest=lines[1].digest)

    without, with_head = findings(), findings(exported)

    assert without == []
    assert with_head == ["The chain ends at row 2, before the expected head 4: rows were cut off."]


def test_a_rewritten_end_is_found_with_an_expected_head(tamper):
    lines = write_lines(2)
    exported = Head(2, lines[1].digest)
    tamper("DELETE FROM accounts_auditevent WHERE sequence = 2")
    AuditHead.objects.update(sequence=1, digest=lines[0].digest)
    write_lines(1)

    found = findings(exported)

    assert found == ["Row 2 is not the one of the expected head: the chain was rewritten."]


def test_an_expected_head_in_the_past_of_an_intact_chain_is_fine():
    lines = write_lines(4)

    assert findings(Head(2, lines[1].digest)) == []


def test_a_changed_head_is_found():
    write_lines(2)

    AuditHead.objects.update(digest="f" * 64)

    assert findings() == ["The head of the chain does not fit row 2: one of them was changed."]


def test_a_chain_signed_with_another_key_is_found(settings):
    write_lines(1)

    settings.AUDIT_KEY = "another key of sufficient length, as a thief would have to guess"

    assert findings() == ["Row 1 does not fit its digest: it was changed or inserted."]


if connection.vendor == "sqlite":  # PostgreSQL does not store what does not parse

    def test_a_row_that_no_longer_parses_is_named_and_the_rest_is_still_checked(tamper):
        write_lines(4)

        tamper("UPDATE accounts_auditevent SET at = 'the day before' WHERE sequence = 2")
        tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 4")

        assert findings() == [
            "Row 2 cannot be read: it was changed.",
            "Row 4 does not fit its digest: it was changed or inserted.",
        ]


def test_many_findings_are_counted_and_the_first_are_kept(tamper):
    write_lines(audit.MAX_FINDINGS + 5)

    tamper("UPDATE accounts_auditevent SET reason = 'x'")
    result = audit.verify()

    assert len(result.findings) == audit.MAX_FINDINGS
    assert result.findings_total == audit.MAX_FINDINGS + 5


def test_verification_needs_no_more_queries_for_more_rows_of_a_batch(django_assert_num_queries):
    write_lines(40)

    with django_assert_num_queries(4):
        result = audit.verify()

    assert result.is_intact


@pytest.mark.parametrize("text", ["", "abc", "5", "5:abc", "x:" + "0" * 64])
def test_a_head_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match="SEQUENCE:DIGEST"):
        Head.parse(text)


def test_services_chain_their_lines(administrator):
    organization = OrganizationFactory()

    organizations.delete_organization(organization=organization, reason="gone", actor=administrator)

    assert audit.verify().is_intact
    assert AuditEvent.objects.get().verb == Verb.ORGANIZATION_DELETED


@pytest.mark.django_db(transaction=True)
def test_lines_written_by_many_at_once_form_one_chain():
    renamed = OrganizationFactory.create_batch(8)

    def rename(organization):
        for number in range(5):
            organizations.update_organization(
                organization=organization,
                name=f"Name {number}",
                is_production=False,
                region="",
                ims_url=organization.ims_url,
                platform_url=organization.platform_url,
                actor=None,
            )

    results = at_once(*(lambda organization=organization: rename(organization) for organization in renamed))

    assert results == [None] * 8
    assert findings() == []
    assert audit.current_head().sequence == AuditEvent.objects.count() == 40
