"""Reading what an organization shares, against the emulated platform."""

from typing import Any

import pytest

from accounts.models import Organization
from promotions.choices import JobState
from promotions.engine.registry import is_submission
from promotions.models import Job, Partnership, Transfer
from promotions.services import jobs, routines
from promotions.systems.sharing import kinds, synchronizing
from tests.integration.promotions.conftest import Platform, known_package
from tests.integration.promotions.sharing_world import PACKAGE, World, id_of, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db

HANDSHAKES, TRANSFERS = "*/handshake/list", "*/transfer/list"


def synchronized(world: World, organization: Organization | None = None) -> Job:
    of = organization or world.acme.organization
    return world.finish(jobs.queue(kind=kinds.SYNCHRONIZE, title="Sharing", organization=of, actor=None))


def listed(platform: Platform, noun: str, organization: Organization) -> set[str]:
    """What the platform holds for an organization, in either direction."""
    own = organization.remote_id
    rows = platform.state()[noun]
    return {row["id"] for row in rows if own in (row["sourceIMSOrgId"], row["targetIMSOrgId"])}


def stored(model: Any, organization: Organization) -> set[str]:
    return set(model.objects.filter(organization=organization).values_list("remote_id", flat=True))


def test_both_directions_and_both_types_are_read(world: World) -> None:
    job = synchronized(world)

    acme = world.acme.organization
    assert job.state == JobState.SUCCEEDED, job.problem
    assert stored(Partnership, acme) == listed(world.platform, "handshakes", acme)
    assert stored(Transfer, acme) == listed(world.platform, "transfers", acme)
    northwind = Partnership.objects.get(organization=acme, partner_id=id_of(world, "Northwind"))
    assert (northwind.is_incoming, northwind.is_pending, northwind.partner_name) == (True, True, "Northwind")
    assert {row.direction for row in Transfer.objects.filter(organization=acme)} == {"incoming", "outgoing"}
    assert {row.type for row in Transfer.objects.filter(organization=acme)} == {"PRIVATE", "PUBLIC"}
    assert not is_submission(job.kind)


def test_a_second_pass_writes_nothing(world: World) -> None:
    known_package(world.acme.organization, PACKAGE)  # transfers name the packages, once these are known
    synchronized(world)
    before = list(Transfer.objects.order_by("pk").values_list("pk", "seen_at"))

    job = synchronized(world)

    assert (job.result["changed"], job.result["vanished"]) == (0, 0)
    assert list(Transfer.objects.order_by("pk").values_list("pk", "seen_at")) == before


def test_a_pass_in_slices_reads_as_much_as_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronizing, "SLICE_S", -1)
    monkeypatch.setattr(synchronizing, "PAGE_SIZE", 2)

    job = synchronized(world)

    acme = world.acme.organization
    assert job.state == JobState.SUCCEEDED, job.problem
    assert stored(Partnership, acme) == listed(world.platform, "handshakes", acme)
    assert stored(Transfer, acme) == listed(world.platform, "transfers", acme)
    assert job.result["transfers"] == len(stored(Transfer, acme))


@pytest.mark.parametrize("fault", ["shifted_rows", "empty_page", "nulls"])
@pytest.mark.parametrize("path", [HANDSHAKES, TRANSFERS])
def test_a_disturbed_list_loses_nothing_that_was_known(world: World, fault: str, path: str) -> None:
    synchronized(world)
    before = stored(Partnership, world.acme.organization) | stored(Transfer, world.acme.organization)
    world.platform.arm("GET", path, fault, probability=1)

    synchronized(world)

    after = stored(Partnership, world.acme.organization) | stored(Transfer, world.acme.organization)
    assert after >= before
    assert not Partnership.objects.exclude(vanished_at=None).exists()


def test_a_partnership_that_a_complete_list_leaves_out_has_vanished_until_it_is_seen_again(world: World) -> None:
    synchronized(world)
    world.platform.forget("handshakes")
    world.platform.control("handshakes", source="Acme", target="Initech")

    synchronized(world)

    present = Partnership.objects.filter(organization=world.acme.organization, vanished_at=None)
    assert [row.partner_name or row.partner_id for row in present] == [id_of(world, "Initech")]
    assert Partnership.objects.filter(organization=world.acme.organization).count() > 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, {"status": 403, "type": "ERROR", "message": "Missing permission package-share"}), (404, {}), (405, {})],
)
def test_who_may_not_share_is_told_so_and_asked_more_rarely(world: World, status: int, body: dict[str, Any]) -> None:
    for path in (HANDSHAKES, TRANSFERS):
        world.platform.arm("GET", path, "status", status=status, body=body, probability=1)

    job = synchronized(world)

    assert job.state == JobState.CANCELLED
    assert job.problem.startswith("The platform does not let Acme see what is shared.")
    assert "package-share" in job.problem
    assert world.acme.organization.credentials.get().problem == ""


def test_where_only_transfers_are_closed_the_partnerships_are_read(world: World) -> None:
    world.platform.arm("GET", TRANSFERS, "status", status=404, body={}, probability=1)

    job = synchronized(world)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "The other lists were read." in job.problem
    assert Partnership.objects.filter(organization=world.acme.organization).exists()


def test_a_platform_that_does_not_answer_for_now_is_asked_again(world: World) -> None:
    world.platform.arm("GET", HANDSHAKES, "status", status=503, count=6)

    job = synchronized(world)

    assert job.state == JobState.SUCCEEDED, job.problem


def test_each_organization_sees_its_own_side_of_one_partnership(world: World) -> None:
    acme, globex = world.acme.organization, world.globex.organization
    synchronized(world, acme)
    synchronized(world, globex)

    ours = Partnership.objects.get(organization=acme, partner_id=globex.remote_id)
    theirs = Partnership.objects.get(organization=globex, partner_id=acme.remote_id)
    assert (ours.remote_id, ours.direction, theirs.direction) == (theirs.remote_id, "outgoing", "incoming")
    assert (ours.partner, theirs.partner) == ("Globex", "Acme")


def test_without_a_usable_credential_nothing_is_queued(world: World) -> None:
    world.acme.organization.credentials.update(problem="It was refused.")

    assert routines.queue(kinds.SYNCHRONIZE, world.acme.organization) is None
    assert routines.queue_anew(kinds.SYNCHRONIZE, world.acme.organization) is None
