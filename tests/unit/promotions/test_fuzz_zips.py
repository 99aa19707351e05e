"""Malformed zips and templates: every one refused with a sentence, or read, and never a traceback."""

from collections import Counter

from tests.fuzz_zips import cases, take

NUMBER = 270


def test_malformed_zips_and_templates_are_refused_cleanly() -> None:
    taken = [take(case) for case in cases(NUMBER)]

    assert [f"{one.case}: {one.finding}" for one in taken if one.finding] == []
    refused = Counter(one.case.kind for one in taken if one.words)
    assert refused.total() > 200
    assert len({one.words for one in taken if one.words}) > 60
    assert len(refused) > 15


def test_the_same_seed_makes_the_same_cases() -> None:
    assert list(cases(36, seed=3)) == list(cases(36, seed=3))
    assert list(cases(36, seed=3)) != list(cases(36, seed=4))
