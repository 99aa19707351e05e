"""A handful of packages for tests: one published with three objects, a draft, an expired one, a whole sandbox."""

from emulator import kinds
from emulator.seeds import decisioning, small_journeys, snaplogic
from emulator.seeds.maker import Maker
from emulator.seeds.organizations import ACME
from emulator.world import World


def fill(world: World) -> None:
    acme = Maker(world, ACME)
    field_group = acme.thing("dev", kinds.FIELD_GROUP, "Form submissions")
    schema = acme.thing("dev", kinds.SCHEMA, "Form submissions schema", field_group, helpers=1)
    dataset = acme.thing("dev", kinds.DATASET, "Form submissions dataset", schema)
    audience = acme.thing("dev", kinds.AUDIENCE, "Recent submitters", schema, acme.default_merge_policy("dev"))
    acme.thing("stage", kinds.DATASET, "Form submissions dataset", age=100)
    acme.package("Forms", "dev", [dataset], age=3)
    acme.package("Forms with audience", "dev", [dataset, audience], age=2)
    acme.package("Forms draft", "dev", [dataset], status="DRAFT", age=1)
    acme.package("Forms expired", "dev", [dataset], age=120, expires_in=-30)
    acme.package("Development sandbox", "dev", kind="FULL", age=5)
    small_journeys.fill(world)
    decisioning.fill_small(world)
    snaplogic.fill_small(world)
