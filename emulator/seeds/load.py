"""Many packages and many running jobs, for load tests."""

from functools import partial

from emulator import imports, kinds
from emulator.seeds.maker import Maker
from emulator.seeds.organizations import ACME
from emulator.submission import PENDING_S, new_import
from emulator.world import World

DEFAULT_PACKAGES = 10_000
_STATUSES = ("PUBLISHED", "PUBLISHED", "PUBLISHED", "DRAFT", "PUBLISH_FAILED")


def fill(world: World, packages: int) -> None:
    add_packages(world, ACME, packages)


def add_packages(world: World, org_id: str, count: int) -> int:
    """Packages that share a few small dependency graphs."""
    if not count:
        return 0
    maker = Maker(world, org_id)
    first = len(world.packages) + 1
    datasets = []
    for number in range(10):
        field_group = maker.thing("dev", kinds.FIELD_GROUP, f"Load fields {first}-{number}")
        schema = maker.thing("dev", kinds.SCHEMA, f"Load schema {first}-{number}", field_group)
        datasets.append(maker.thing("dev", kinds.DATASET, f"Load dataset {first}-{number}", schema))
    for number in range(count):
        maker.package(
            f"Load package {first + number:06d}",
            "dev",
            [datasets[number % len(datasets)]],
            status=_STATUSES[number % len(_STATUSES)],
            age=1 + (number % 4000) / 50,
            expires_in=1 + number % 89,
        )
    return count


def add_running_jobs(world: World, org_id: str, count: int) -> int:
    """Imports into stage that are under way, spread over the published packages of dev."""
    packages = [
        package
        for package in world.packages.values()
        if package.org_id == org_id and package.status == "PUBLISHED" and package.source_sandbox == "dev"
    ]
    if not packages or not count:
        return 0
    credential = world.organizations[org_id].credentials[0]
    target = world.organizations[org_id].sandboxes["stage"]
    for number in range(count):
        package = packages[number % len(packages)]
        job = new_import(world, package, credential, target.name, f"Load import {number + 1}", None)
        run = imports.ImportRun(job, package, target, credential, {}, world.content_of(package))
        world.after(PENDING_S, partial(imports.start, world, run))
    return count
