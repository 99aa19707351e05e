"""The record under attack by somebody who owns the database, but has not got the audit key."""

import tracemalloc
import unicodedata

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, AuditHead
from accounts.services import audit
from accounts.services.audit import Head
from tests.unit.accounts.test_audit import findings, write_lines

pytestmark = pytest.mark.django_db

COLUMNS = [field.column for field in AuditEvent._meta.local_fields if field.column != "sequence"]
MEMORY_LIMIT_BYTES = 24 * 1024 * 1024


def swap(tamper, first, second, columns):
    """Exchange columns of two rows, or whole lines with their digests."""
    names = ", ".join(columns)
    pick = f"SELECT {names} FROM accounts_auditevent WHERE sequence = %s"  # noqa: S608  names of our own
    with connection.cursor() as cursor:
        cursor.execute(pick, [first])
        one = cursor.fetchone()
        cursor.execute(pick, [second])
        other = cursor.fetchone()
    change = ", ".join(f"{name} = %s" for name in columns)
    for values, sequence in ((other, first), (one, second)):
        tamper(f"UPDATE accounts_auditevent SET {change} WHERE sequence = %s", [*values, sequence])  # noqa: S608


def test_two_lines_that_swapped_places_are_found(tamper):
    write_lines(5)

    swap(tamper, 2, 4, [name for name in COLUMNS if name != "details"])

    assert "Row 2 does not fit its digest: it was changed or inserted." in findings()
    assert "Row 4 does not fit its digest: it was changed or inserted." in findings()


def test_contents_that_swapped_places_below_their_digests_are_found(tamper):
    write_lines(4)

    swap(tamper, 2, 3, ["subject_text", "subject_id"])

    assert [finding.split()[1] for finding in findings()] == ["2", "3"]


def test_an_old_line_played_again_at_the_end_is_found(tamper):
    lines = write_lines(3)
    again = AuditEvent.objects.get(sequence=2)
    again.sequence = 4

    again.save(force_insert=True)
    AuditHead.objects.update(sequence=4, digest=lines[1].digest)

    assert findings() == ["Row 4 does not fit its digest: it was changed or inserted."]


def test_a_head_set_back_so_that_later_lines_would_be_written_over_is_found(tamper):
    lines = write_lines(4)

    AuditHead.objects.update(sequence=2, digest=lines[1].digest)

    assert findings() == [
        "Row 3 lies behind the head of the chain: it was inserted.",
        "Row 4 lies behind the head of the chain: it was inserted.",
    ]


@pytest.mark.parametrize("act", ["removed", "set to nothing"])
def test_a_head_that_is_gone_is_found(tamper, act):
    write_lines(2)

    if act == "removed":
        AuditHead.objects.all().delete()
    else:
        AuditHead.objects.update(sequence=0, digest="")

    assert len(findings()) == 2


def test_a_second_head_changes_nothing(tamper):
    write_lines(2)

    AuditHead.objects.create(pk=2, sequence=1, digest="f" * 64)

    assert findings() == []


def test_everything_removed_is_found_with_an_exported_head(tamper):
    lines = write_lines(3)
    tamper("DELETE FROM accounts_auditevent")
    AuditHead.objects.all().delete()

    assert findings(Head(3, lines[2].digest)) == [
        "The chain ends at row 0, before the expected head 3: rows were cut off."
    ]


@pytest.mark.parametrize("sequence", [0, -5])
def test_a_line_before_the_first_is_found(tamper, sequence):
    write_lines(2)
    if connection.vendor == "sqlite":
        tamper("PRAGMA ignore_check_constraints = 1")
    else:
        tamper("ALTER TABLE accounts_auditevent DROP CONSTRAINT accounts_auditevent_sequence_check")
    forged = AuditEvent.objects.get(sequence=1)
    forged.sequence = sequence

    forged.save(force_insert=True)
    if connection.vendor == "sqlite":
        tamper("PRAGMA ignore_check_constraints = 0")

    assert findings() == [f"Row {sequence} stands before the first of the chain: it was inserted."]


def test_another_spelling_of_the_same_letters_is_found(tamper):
    write_lines(1, reason="Zoë agreed")
    other = unicodedata.normalize("NFD", "Zoë agreed")

    tamper("UPDATE accounts_auditevent SET reason = %s", [other])

    assert findings() == ["Row 1 does not fit its digest: it was changed or inserted."]


@pytest.mark.parametrize(
    "details",
    [
        '{"count": true, "to": "viewer"}',
        '{"count": "1", "to": "viewer"}',
        '{"count": 1.0, "to": "viewer"}',
        '{"count": 1, "to": "viewer", "more": null}',
        '{"count": 1, "to": "viewer "}',
        '{"count": 1, "to": ["viewer"]}',
        '{"count": 1}',
        "[]",
        "null",
    ],
)
def test_another_value_or_type_in_the_details_is_found(tamper, details):
    write_lines(1, details={"count": 1, "to": "viewer"})

    tamper("UPDATE accounts_auditevent SET details = %s", [details])

    assert findings() == ["Row 1 does not fit its digest: it was changed or inserted."]


def test_the_same_details_written_in_another_way_are_no_change(tamper):
    write_lines(1, details={"count": 1, "to": "viewer"})

    tamper("UPDATE accounts_auditevent SET details = %s", ['{ "to": "vi\\u0065wer",  "count": 1 }'])

    assert findings() == []


def test_an_actor_taken_away_is_found(tamper):
    write_lines(1)
    tamper("UPDATE accounts_auditevent SET actor_id = 0")

    assert len(findings()) == 1


def test_a_long_record_is_read_in_little_memory():
    head, lines, at = "", [], timezone.now()
    for sequence in range(1, 30_001):
        event = AuditEvent(
            sequence=sequence,
            at=at,
            verb="credential.tested",
            actor_text="Towpath",
            subject_type="thing",
            subject_id=str(sequence),
            subject_text="Thing",
            details={"n": sequence},
        )
        event.digest = head = audit._digest(head, event)
        lines.append(event)
    AuditEvent.objects.bulk_create(lines, batch_size=2000)
    AuditHead.objects.create(pk=audit.HEAD_PK, sequence=30_000, digest=head)
    del lines, event
    tracemalloc.start()

    result = audit.verify()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (result.is_intact, result.rows) == (True, 30_000)
    assert peak < MEMORY_LIMIT_BYTES
