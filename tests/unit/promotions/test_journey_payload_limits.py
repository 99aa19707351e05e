"""Large and deep documents are handled or refused in words, never by running out of something."""

import tracemalloc

import pytest

from promotions.systems.journeys import collecting, digest
from promotions.systems.journeys.payload import DocumentError, edited, remaining, survey


def test_500_levels_and_an_object_of_the_system_at_the_bottom():
    depth = 250
    inner = b'{"secret": "INSERT_SECRET_HERE", "system": {"k": "INSERT_SECRET_HERE", "builtIn": true}}'
    content = b'{"a":[' * depth + inner + b"]}" * depth

    found = survey(content)

    (secret,) = found.findings
    assert found.depth == 2 * depth + 2
    assert secret.where == "a 1, a 1, …, a 1, a 1 secret"
    assert len(secret.key) <= 310
    assert len(found.left_alone) == 1
    assert remaining(edited(content, dict.fromkeys(secret.pointers, "s"))) == ()


def test_20_mb_are_surveyed_and_edited_without_a_tree_of_them():
    filler = b'{"uid":"s","note":"' + b"x" * 20_000 + b'","n":[1,2.50,true,null]},'
    secret = b'{"uid":"q","name":"q","auth":{"password":"INSERT_SECRET_HERE"}}'
    content = b'{"steps":[' + filler * 1050 + b'{}],"customActions":[' + secret + b"]}"
    tracemalloc.start()

    found = survey(content)
    changed = edited(content, dict.fromkeys(found.findings[0].pointers, "s"))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.size == len(content) > 20 * 1024 * 1024
    assert len(changed) == len(content) - len("INSERT_SECRET_HERE") + 1
    assert peak < 60 * 1024 * 1024


def test_a_text_of_nothing_but_escapes_costs_no_multiple_of_itself():
    content = b'["' + rb"\u00e9\n\ud83d\ude00" * 100_000 + b'INSERT_SECRET_HERE"]'
    tracemalloc.start()

    found = survey(content)
    changed = edited(content, {"/0": "s"})

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.findings[0].current == "INSERT_SECRET_HERE"
    assert changed == content.replace(b"INSERT_SECRET_HERE", b"s")
    assert peak < 5 * len(content)


def test_more_places_than_a_person_can_decide_are_refused():
    content = b'["INSERT_SECRET_HERE"' + b',"INSERT_SECRET_HERE"' * collecting.LIMIT_MARKS + b"]"

    with pytest.raises(DocumentError, match=r"holds more than 5,000 secrets, schema references and names to decide"):
        survey(content)


def test_more_objects_than_can_be_handled_are_refused(monkeypatch):
    monkeypatch.setattr(collecting, "LIMIT_OBJECTS", 2)

    with pytest.raises(DocumentError, match=r"carries more than 2 objects; that is too many"):
        survey(b'{"events": [{"uid": "a"}, {"uid": "b"}, {"uid": "c"}]}')


def test_too_many_members_in_objects_that_enclose_each_other_are_refused(monkeypatch):
    monkeypatch.setattr(digest, "LIMIT_MEMBERS", 4)
    enough = b'{"a": 1, "b": {"c": 1, "d": 1, "e": 1}, "f": {"g": 1, "h": 1}}'

    assert survey(enough).leaves == 6
    with pytest.raises(DocumentError, match=r"has an object with more than 4 members"):
        survey(enough.replace(b'"e"', b'"x": 1, "e"'))
