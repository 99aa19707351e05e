"""Partnerships, transfers and public packages of the demo; the stories are told in emulator/README.md."""

from functools import partial

from emulator import deliveries, kinds, partnerships
from emulator.seeds.maker import Maker
from emulator.seeds.organizations import ACME, GLOBEX, HOOLI, INITECH, NORTHWIND, VANDELAY
from emulator.things import DAY_MS, HOUR_MS, Organization, Package
from emulator.world import World

MINUTE_S, HOUR_S = 60, 3_600
STUCK_HOURS = 3
STUCK_ENDS_AFTER_S = 6 * HOUR_S

# Package, age in days, how long it took in seconds, whether the copy is still there, and how it ended.
_ACME_TO_GLOBEX = (
    ("Web visits schema", 40, 9, False, "COMPLETED"),
    ("Customer service schema", 35, 22, False, "COMPLETED"),
    ("Loyalty schemas v2", 30, 12, False, "COMPLETED"),
    ("Customer service sources", 25, 18, False, "COMPLETED"),
    ("Order history schema", 20, 15, True, "COMPLETED"),
    ("Order history dataset and policy", 15, 110, False, "COMPLETED"),
    ("Returns schema for production", 11, 14, True, "COMPLETED"),
    ("Store footfall sources", 8, 340, False, "FAILED"),
)
# Source, package, target, age in days, how long it took in seconds, and how it ended.
_PULLED = (
    (ACME, "Starter kit for partners", GLOBEX, 28, 2, "COMPLETED"),
    (ACME, "Starter kit for partners", GLOBEX, 27, 1, "COMPLETED"),
    (NORTHWIND, "Northwind loyalty starter", GLOBEX, 24, 2 * HOUR_S + 21 * MINUTE_S, "COMPLETED"),
    (NORTHWIND, "Northwind consent kit", GLOBEX, 21, 8 * HOUR_S + 24 * MINUTE_S, "FAILED"),
    (GLOBEX, "Shared trade schema", ACME, 26, 21 * HOUR_S, "COMPLETED"),
    (GLOBEX, "Shared trade schema", ACME, 12, 36 * HOUR_S, "COMPLETED"),
)


def fill(world: World) -> None:
    _northwind(Maker(world, NORTHWIND))
    _partnerships(world)
    _transfers(world)


def _northwind(northwind: Maker) -> None:
    """A supplier: two public packages, and one that it sends to whoever becomes its partner."""
    fields = northwind.thing("prod", kinds.FIELD_GROUP, "Supplier item fields", age=200)
    items = northwind.thing("prod", kinds.SCHEMA, "Supplier items", fields, age=199, helpers=1)
    points = northwind.thing("prod", kinds.FIELD_GROUP, "Partner points", age=180)
    loyalty = northwind.thing("prod", kinds.SCHEMA, "Partner loyalty", points, age=179, helpers=1)
    consent = northwind.thing("prod", kinds.FIELD_GROUP, "Supplier consent choices", age=150)
    northwind.package("Northwind supplier items", "prod", [items], age=20, expires_in=70)
    northwind.package("Northwind loyalty starter", "prod", [loyalty], age=60, expires_in=30, is_public=True)
    northwind.package("Northwind consent kit", "prod", [consent], age=55, expires_in=35, is_public=True)


def _partnerships(world: World) -> None:
    _asked(world, ACME, GLOBEX, 60, decided_after=2, approved=True, reason="Joint loyalty programme")
    _asked(world, INITECH, GLOBEX, 45, decided_after=0.5, approved=True, reason="Claims data for fleet customers")
    _asked(world, ACME, VANDELAY, 30, decided_after=3, approved=False, reason="No new partners before the audit")
    _asked(world, VANDELAY, GLOBEX, 20, decided_after=1, approved=False, reason="Nobody here knows this organization")
    _asked(world, GLOBEX, HOOLI, 5)
    _asked(world, ACME, HOOLI, 3)
    _asked(world, NORTHWIND, ACME, 2)
    _asked(world, NORTHWIND, GLOBEX, 1)


def _asked(
    world: World,
    source_id: str,
    target_id: str,
    age: float,
    *,
    decided_after: float | None = None,
    approved: bool = False,
    reason: str = "",
) -> None:
    source, target = world.organizations[source_id], world.organizations[target_id]
    asked_ms = world.founded_ms - int(age * DAY_MS)
    record = partnerships.new_record(
        world, source_id, source.name, target_id, source.user_id, source.user_name, at_ms=asked_ms
    )
    if decided_after is not None:
        partnerships.decide(
            world,
            record,
            approved=approved,
            reason=reason,
            target={"id": target.id, "name": target.name, "region": target.region},
            user=target.user_id,
            at_ms=asked_ms + int(decided_after * DAY_MS),
        )


def _transfers(world: World) -> None:
    globex, initech = world.organizations[GLOBEX], world.organizations[INITECH]
    for name, age, took_s, is_there, status in _ACME_TO_GLOBEX:
        _past(world, _named(world, ACME, name), globex, age, took_s, status, is_there=is_there)
    _past(world, _named(world, GLOBEX, "Fleet telemetry schema"), world.organizations[ACME], 16, 11, "COMPLETED")
    _past(world, _named(world, GLOBEX, "Golden sandbox"), initech, 18, 30, "COMPLETED")
    for source_id, name, target_id, age, took_s, status in _PULLED:
        target = world.organizations[target_id]
        _past(world, _named(world, source_id, name), target, age, took_s, status, request_type="PUBLIC")
    _slow_one(world, _named(world, ACME, "Web visits journey"), globex)


def _past(
    world: World,
    package: Package,
    target: Organization,
    age: float,
    took_s: int,
    status: str,
    *,
    is_there: bool = False,
    request_type: str = "PRIVATE",
) -> None:
    created_ms = world.founded_ms - int(age * DAY_MS)
    deliveries.add_past(
        world,
        package,
        target,
        created_ms=created_ms,
        took_ms=took_s * 1000,
        request_type=request_type,
        status=status,
    )
    if is_there:
        deliveries.add_arrival(world, package, target, at_ms=created_ms + took_s * 1000)


def _slow_one(world: World, package: Package, target: Organization) -> None:
    """Under way for hours, where others took seconds."""
    source = world.organizations[package.org_id]
    asked_ms = world.founded_ms - STUCK_HOURS * HOUR_MS
    record = deliveries.new_record(world, package, target, "PRIVATE", source.user_id, asked_ms)
    record["status"] = "IN_PROGRESS"
    record["transferDetails"]["messages"] = list(deliveries.STEPS[: deliveries.STUCK_AFTER_STEPS])
    ending = partial(deliveries.end_if_open, world, record, package, target)
    world.after(STUCK_ENDS_AFTER_S, ending)


def _named(world: World, org_id: str, name: str) -> Package:
    return next(one for one in world.packages.values() if one.name == name and one.org_id == org_id)
