"""Controls that add to the world: partners outside, and published packages."""

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from emulator import kinds, partnerships
from emulator.answers import Answer
from emulator.control_bodies import ControlError, body_of, choice_of, flag_of, names_of, number_of
from emulator.control_sharing import organization_of
from emulator.seeds import organizations
from emulator.seeds.maker import Maker
from emulator.world import stable_hex

if TYPE_CHECKING:
    from emulator.app import Emulator


def add_organizations(app: "Emulator", request: Request, rest: str) -> Answer:
    """Organizations that nobody works for, by their names."""
    body, world = body_of(request), app.world
    manner = choice_of(body, "manner", partnerships.MANNERS, "silent")
    after_s = number_of(body, "after_s", 20)
    names = names_of(body)
    if known := {organization.name for organization in world.organizations.values()} & set(names):
        raise ControlError(f"There is an organization {min(known)} already.")
    added = []
    for name in names:
        org_id = f"{stable_hex(world.seed, 'organization', name, length=24).upper()}@AdobeOrg"
        organizations.add_partner(world, org_id, name, manner=manner)
        world.organizations[org_id].answers_after_s = after_s
        added.append({"ims_org_id": org_id, "name": name})
    return Answer({"organizations": added}, 201)


def add_packages(app: "Emulator", request: Request, rest: str) -> Answer:
    """Published packages of one schema each, from the sandbox dev of an organization; versions of them can be saved."""
    body, world = body_of(request), app.world
    organization = organization_of(world, body.get("organization"))
    is_public, maker = flag_of(body, "is_public", False), Maker(world, organization.id)
    added = []
    for name in names_of(body):
        field_group = maker.thing("dev", kinds.FIELD_GROUP, f"{name} fields")
        schema = maker.thing("dev", kinds.SCHEMA, f"{name} schema", field_group)
        package = maker.package(name, "dev", [schema], is_public=is_public)
        added.append({"id": package.id, "name": name, "artifact": {"id": schema.id, "type": schema.type}})
    return Answer({"ims_org_id": organization.id, "packages": added}, 201)
