"""How candidates in the target are judged and explained."""

import pytest

from clients.sandbox_tooling import RemoteArtifact
from promotions.choices import Decision, Match
from promotions.systems.packages.matching import base_title, choices, judge, usable


def candidate(remote_id: str, title: str | None, artifact_type: str = "REGISTRY_SCHEMA") -> RemoteArtifact:
    return RemoteArtifact(id=remote_id, type=artifact_type, title=title, alt_id=None, new_id=None, messages=())


def test_one_object_of_the_same_title_and_type_ranked_first_is_exact() -> None:
    assert (
        judge("Profile", [candidate("a", "Profile"), candidate("b", "Profile old")], "REGISTRY_SCHEMA") == Match.EXACT
    )


@pytest.mark.parametrize(
    ("suggestions", "expected"),
    [
        ([], Match.NONE),
        ([candidate("a", "Profile_1686403052050"), candidate("b", "Profile")], Match.LIKELY),
        ([candidate("a", "Profile"), candidate("b", "Profile")], Match.LIKELY),
        ([candidate("a", "Profile_1686403052050")], Match.LIKELY),
        ([candidate("a", "Profile", "REGISTRY_CLASS")], Match.LIKELY),
        ([candidate("a", "Something else")], Match.DOUBTFUL),
        ([candidate("a", None)], Match.DOUBTFUL),
    ],
    ids=["nothing", "copy first", "two alike", "only a copy", "another type", "another object", "no title"],
)
def test_anything_less_is_not_exact(suggestions: list[RemoteArtifact], expected: Match) -> None:
    assert judge("Profile", suggestions, "REGISTRY_SCHEMA") == expected


def test_an_object_without_a_title_is_never_exact() -> None:
    assert judge("", [candidate("a", "")], "MAPPING_SET") == Match.DOUBTFUL


def test_only_a_time_stamp_counts_as_the_suffix_of_a_copy() -> None:
    assert base_title("Loyalty_1686403052050") == "Loyalty"
    assert base_title("Loyalty_2024") == "Loyalty_2024"


def test_candidates_keep_the_platforms_order_and_creating_comes_last() -> None:
    found = choices("Profile", [candidate("b", "Profile_1686403052050"), candidate("a", "Profile")], "REGISTRY_SCHEMA")

    assert [choice.target["id"] if choice.target else None for choice in found] == ["b", "a", None]
    assert [choice.reason for choice in found[:2]] == [
        "renamed copy of an earlier import, proposed first",
        "exact title, proposed second",
    ]
    assert found[-1].decision == Decision.CREATE


def test_creating_a_schema_whose_title_is_taken_warns_of_reuse() -> None:
    create = choices("Profile", [candidate("a", "Profile")], "REGISTRY_SCHEMA")[-1]

    assert "will probably reuse “Profile” all the same" in create.consequence


def test_creating_a_dataset_whose_title_is_taken_warns_of_a_copy() -> None:
    create = choices("Profiles", [candidate("a", "Profiles", "CATALOG_DATASET")], "CATALOG_DATASET")[-1]

    assert "create a copy named “Profiles_<time>”" in create.consequence


def test_a_merge_policy_is_never_promised_as_new() -> None:
    create = choices("Default", [candidate("a", "Other", "PROFILE_MERGE")], "PROFILE_MERGE")[-1]

    assert "never creates a merge policy" in create.consequence


def test_a_candidate_of_another_type_is_not_offered_since_the_platform_would_refuse_it() -> None:
    found = usable([candidate("a", "Profile", "REGISTRY_CLASS"), candidate("b", "Profile")], "REGISTRY_SCHEMA")

    assert [one.id for one in found] == ["b"]


def test_a_candidate_named_twice_is_offered_once_at_its_first_place() -> None:
    found = usable([candidate("a", "Profile"), candidate("b", "Other"), candidate("a", "Profile")], "REGISTRY_SCHEMA")

    assert [one.id for one in found] == ["a", "b"]


def test_both_spellings_of_a_namespace_are_one_type() -> None:
    twin = candidate("Email", "Email", "IDENTITY_NAMESPACE")

    assert usable([twin], "ID_NAMESPACE") == [twin]
    assert judge("Email", [twin], "ID_NAMESPACE") == Match.EXACT


def test_places_beyond_the_third_are_spelled_as_ordinals() -> None:
    many = [candidate(str(number), None) for number in range(1, 23)]

    reasons = [choice.reason for choice in choices("Profile", many, "REGISTRY_SCHEMA")]

    assert [reasons[place - 1].rpartition(" ")[2] for place in (4, 11, 21, 22)] == ["4th", "11th", "21st", "22nd"]
