"""What objects need, known from readings of other packages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from promotions.known_needs import known_needs
from promotions.models import Package
from tests.factories_promotions import PackageFactory

pytestmark = pytest.mark.django_db

SCHEMA, MIXIN, DATATYPE = ("REGISTRY_SCHEMA", "s"), ("REGISTRY_MIXIN", "m"), ("REGISTRY_DATATYPE", "d")
POLICY = ("PROFILE_MERGE", "p")


def read(organization: Organization, children: dict[tuple[str, str], list[tuple[str, str]]], **more: object) -> Package:
    """A package whose dependencies were read."""
    named = {key for pair in children.items() for key in (pair[0], *pair[1])}
    package: Package = PackageFactory(
        organization=organization,
        dependencies_read_at=more.pop("at", timezone.now()),
        dependencies={
            "nodes": [
                {"key": f"{t}:{i}", "type": t, "id": i, "title": i.upper(), "depth": 0} for t, i in sorted(named)
            ],
            "children": {f"{t}:{i}": [f"{a}:{b}" for a, b in below] for (t, i), below in children.items()},
            "is_cut": False,
        },
        **more,
    )
    return package


def missing(organization: Organization, *keys: tuple[str, str], sandbox: str = "dev") -> list[tuple[str, str]]:
    return [(one.type, one.id) for one in known_needs(organization, sandbox, keys).missing]


def test_what_is_needed_at_any_depth_and_not_named_is_missing(organization: Organization) -> None:
    read(organization, {SCHEMA: [MIXIN], MIXIN: [DATATYPE]})

    assert sorted(missing(organization, SCHEMA)) == sorted([MIXIN, DATATYPE])
    assert missing(organization, SCHEMA, MIXIN) == [DATATYPE]
    assert missing(organization, SCHEMA, MIXIN, DATATYPE) == []


def test_what_no_package_names_is_not_missing(organization: Organization) -> None:
    read(organization, {SCHEMA: [POLICY]})

    assert missing(organization, SCHEMA) == []


def test_a_circle_of_needs_comes_to_an_end(organization: Organization) -> None:
    read(organization, {SCHEMA: [MIXIN], MIXIN: [SCHEMA]})

    assert missing(organization, SCHEMA) == [MIXIN]


def test_only_readings_of_the_same_sandbox_and_organization_count(organization: Organization) -> None:
    read(organization, {SCHEMA: [MIXIN]}, source_sandbox="stage")
    PackageFactory(organization=organization)

    needs = known_needs(organization, "dev", [SCHEMA])

    assert needs.is_unknown
    assert needs.missing == []


def test_it_is_said_of_how_many_objects_the_needs_are_known_and_how_old_that_is(organization: Organization) -> None:
    old = timezone.now() - timedelta(days=3)
    read(organization, {SCHEMA: [MIXIN]}, at=old)
    read(organization, {DATATYPE: []})

    needs = known_needs(organization, "dev", [SCHEMA, DATATYPE, ("FLOW", "f")])

    assert (needs.known, needs.total) == (2, 3)
    assert needs.read_at == old
    assert not needs.is_unknown


def test_nothing_is_asked_without_objects_or_sandbox(organization: Organization) -> None:
    read(organization, {SCHEMA: [MIXIN]})

    assert missing(organization) == []
    assert missing(organization, SCHEMA, sandbox="") == []
