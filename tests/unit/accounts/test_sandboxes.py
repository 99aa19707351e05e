"""What is known of an organization's sandboxes."""

import pytest

from accounts.models import Sandbox
from accounts.services.sandboxes import SandboxChanges, apply_sandboxes
from clients.sandbox_management import RemoteSandbox
from tests.factories import OrganizationFactory, SandboxFactory

pytestmark = pytest.mark.django_db


def remote(name, **changes):
    return RemoteSandbox(
        **{
            "name": name,
            "title": name.title(),
            "state": "active",
            "type": "development",
            "region": "VA7",
            "is_default": False,
            "raw": {},
            **changes,
        }
    )


def test_a_first_list_creates_every_sandbox(organization):
    changes = apply_sandboxes(organization, [remote("prod", type="production", is_default=True), remote("dev")])

    assert changes == SandboxChanges(("prod", "dev"), (), ())
    assert Sandbox.objects.get(name="prod").is_default


def test_the_same_list_again_changes_nothing(organization):
    apply_sandboxes(organization, [remote("dev")])

    assert apply_sandboxes(organization, [remote("dev")]) == SandboxChanges((), (), ())


@pytest.mark.parametrize(
    "change", [{"state": "failed"}, {"title": "New"}, {"type": "production"}, {"region": "NLD2"}, {"is_default": True}]
)
def test_what_differs_is_updated(organization, change):
    apply_sandboxes(organization, [remote("dev")])

    changes = apply_sandboxes(organization, [remote("dev", **change)])

    assert changes == SandboxChanges((), ("dev",), ())
    ((field, value),) = change.items()
    assert getattr(Sandbox.objects.get(), field) == value


def test_what_is_no_longer_named_is_marked_once_and_comes_back(organization):
    apply_sandboxes(organization, [remote("dev"), remote("stage")])

    gone = apply_sandboxes(organization, [remote("stage")])
    still_gone = apply_sandboxes(organization, [remote("stage")])
    back = apply_sandboxes(organization, [remote("dev"), remote("stage")])

    assert gone == SandboxChanges((), (), ("dev",))
    assert still_gone == SandboxChanges((), (), ())
    assert back == SandboxChanges((), ("dev",), ())
    assert Sandbox.objects.get(name="dev").vanished_at is None


def test_sandboxes_of_other_organizations_stay_as_they_are(organization):
    other = SandboxFactory(name="dev")

    apply_sandboxes(organization, [remote("stage")])

    other.refresh_from_db()
    assert other.vanished_at is None


@pytest.mark.parametrize(
    ("type_", "is_all_production", "expected"),
    [
        ("development", False, False),
        ("production", False, True),
        ("something new", False, True),
        ("", False, True),
        ("development", True, True),
    ],
)
def test_whatever_is_not_development_counts_as_production(type_, is_all_production, expected):
    organization = OrganizationFactory(is_production=is_all_production)

    assert SandboxFactory(organization=organization, type=type_).is_production is expected
