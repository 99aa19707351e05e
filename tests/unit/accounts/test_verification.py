"""The chain read in the background, some lines at a time."""

import hashlib
import hmac
import json
import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditCheck, AuditEvent, AuditHead
from accounts.services import audit, verification
from accounts.services.verification import chain_state
from accounts.tasks import verify_record
from tests.unit.accounts.test_audit import write_lines

pytestmark = pytest.mark.django_db


def steps(number, lines=2):
    for _ in range(number):
        assert verification.step(lines=lines)


def age(**moments):
    AuditCheck.objects.update(**moments)


def test_nothing_is_claimed_before_anything_was_read():
    write_lines(3)

    state = chain_state()

    assert (state.result, state.verified.sequence, state.verified_at, state.is_broken) == ("unverified", 0, None, False)
    assert not state.is_up_to_date


def test_each_step_reads_some_lines_on_and_says_how_far_it_came():
    lines = write_lines(5)

    steps(1)
    after_one = chain_state()
    steps(2)
    after_three = chain_state()

    assert (after_one.verified, after_one.whole_at) == (audit.Head(2, lines[1].digest), None)
    assert after_one.result == "intact"
    assert not after_one.is_up_to_date
    assert after_three.verified == after_three.head == audit.Head(5, lines[4].digest)
    assert after_three.whole_at is not None
    assert after_three.is_up_to_date


def test_new_lines_are_read_without_reading_the_old_ones_again(django_assert_max_num_queries):
    write_lines(5)
    steps(1, lines=100)
    read_whole_at = chain_state().whole_at
    write_lines(2)

    with django_assert_max_num_queries(12) as queries:
        steps(1, lines=100)

    assert chain_state().verified.sequence == 7
    assert chain_state().whole_at == read_whole_at
    assert not any('"sequence" ASC' in query["sql"] and "WHERE" not in query["sql"] for query in queries)


def test_all_lines_are_read_again_every_day():
    write_lines(3)
    steps(1, lines=100)
    age(whole_at=timezone.now() - verification.ROUND_EVERY - timedelta(minutes=1))
    before = AuditCheck.objects.get().whole_at

    steps(1, lines=100)

    assert AuditCheck.objects.filter(whole_at__gt=before).exists()


def test_a_change_behind_what_was_read_is_found_by_the_next_round(tamper, caplog):
    write_lines(4)
    steps(1, lines=100)
    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 2")
    age(whole_at=timezone.now() - verification.ROUND_EVERY - timedelta(minutes=1))

    steps(1, lines=100)

    state = chain_state()
    assert (state.result, state.findings_total) == ("broken", 1)
    assert state.findings[0].text == "Row 2 does not fit its digest: it was changed or inserted."
    assert state.findings[0].sequence == 2
    assert "the record is broken: Row 2" in caplog.text


def test_a_finding_stays_until_a_whole_reading_no_longer_meets_it(tamper):
    write_lines(4)
    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 2")
    steps(1, lines=100)
    found_at = chain_state().found_at
    write_lines(1)
    steps(1, lines=100)
    still = chain_state()
    tamper("UPDATE accounts_auditevent SET reason = '' WHERE sequence = 2")
    age(whole_at=timezone.now() - verification.ROUND_EVERY - timedelta(minutes=1))

    steps(1, lines=100)

    assert still.is_broken
    assert still.found_at == found_at
    assert (chain_state().result, chain_state().found_at) == ("intact", None)


@pytest.mark.parametrize("lines", [2, 100])
def test_lines_cut_off_together_with_the_head_are_missed_by_the_next_step(tamper, lines):
    written = write_lines(6)
    steps(4, lines=lines)
    tamper("DELETE FROM accounts_auditevent WHERE sequence > 4")
    AuditHead.objects.update(sequence=4, digest=written[3].digest)

    steps(1, lines=lines)
    age(whole_at=timezone.now() - verification.ROUND_EVERY - timedelta(minutes=1))
    steps(4, lines=lines)

    state = chain_state()
    assert state.is_broken
    assert state.findings[0].text == "Row 6 is no longer the one that was verified: rows were cut off or rewritten."


def test_lines_written_over_those_that_were_cut_off_do_not_hide_the_cut(tamper):
    written = write_lines(4)
    steps(1, lines=100)
    tamper("DELETE FROM accounts_auditevent WHERE sequence > 2")
    AuditHead.objects.update(sequence=2, digest=written[1].digest)
    write_lines(5)

    steps(2, lines=100)

    assert "Row 4 is no longer the one that was verified" in chain_state().findings[0].text


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM accounts_auditevent WHERE sequence = 3", "Row 3 is missing"),
        ("DELETE FROM accounts_auditevent WHERE sequence > 3", "Rows 4 to 6 are missing"),
        ("UPDATE accounts_audithead SET digest = 'x'", "The head of the chain does not fit row 6"),
        ("UPDATE accounts_auditevent SET sequence = 9 WHERE sequence = 6", "Row 9 lies behind the head"),
    ],
)
def test_every_kind_of_edit_shows_in_steps_too(tamper, statement, sentence):
    write_lines(6)
    tamper(statement)

    steps(4)

    assert any(finding.text.startswith(sentence) for finding in chain_state().findings)


def test_only_one_reads_at_a_time_and_a_dead_one_gives_its_turn_back():
    write_lines(1)
    steps(1)
    age(leased_until=timezone.now() + timedelta(minutes=1))
    refused = verification.step()
    age(leased_until=timezone.now() - timedelta(seconds=1))

    taken = verification.step()

    assert (refused, taken) == (False, True)


def test_the_command_keeps_what_it_found_for_the_page(tamper):
    write_lines(3)
    verification.keep_result(audit.verify())
    intact = chain_state()
    tamper("UPDATE accounts_auditevent SET reason = 'x' WHERE sequence = 1")

    verification.keep_result(audit.verify())

    assert (intact.result, intact.verified_by, intact.verified.sequence) == ("intact", "verify_audit", 3)
    assert (chain_state().result, chain_state().verified.sequence) == ("broken", 3)


def test_the_head_goes_to_the_log_once_a_day_and_passes_its_filters(caplog):
    from config.logs import RedactFilter

    lines = write_lines(2)
    caplog.set_level(logging.INFO)

    verify_record()
    verify_record()

    told = [record for record in caplog.records if record.getMessage().startswith("audit head")]
    assert [record.getMessage() for record in told] == [f"audit head 2:{lines[1].digest} verified_to=2"]
    RedactFilter().filter(told[0])
    assert told[0].getMessage() == f"audit head 2:{lines[1].digest} verified_to=2"


def test_a_step_reads_no_more_than_its_share_of_a_long_record(django_assert_max_num_queries):
    write_lines(60)

    with django_assert_max_num_queries(14):
        steps(1, lines=20)

    assert chain_state().verified.sequence == 20


def test_an_exported_file_can_be_verified_with_nothing_but_the_key(administrator, organization, signed_in, settings):
    audit.record(audit.Verb.ORGANIZATION_CHANGED, actor=administrator, subject=organization, details={"é": [1, "x"]})
    write_lines(3, reason="Grüße")

    rows = json.loads(signed_in(administrator).get("/audit/export/?format=json").getvalue())

    for row in rows:
        content = {name: value for name, value in row.items() if name not in ("digest", "previous_digest")}
        text = row["previous_digest"] + json.dumps(content, sort_keys=True, separators=(",", ":"))
        assert row["digest"] == hmac.new(settings.AUDIT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert [row["sequence"] for row in rows] == [5, 4, 3, 2, 1]
    assert [row["previous_digest"] for row in rows[:-1]] == [row["digest"] for row in rows[1:]]
    assert AuditEvent.objects.get(sequence=5).verb == "record.exported"
