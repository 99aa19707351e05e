"""Controls for partners, partnerships and transfers: what the other side does, without a client of its own."""

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from emulator import deliveries, partnerships
from emulator.answers import Answer
from emulator.control_bodies import ControlError, body_of, choice_of, flag_of, number_of
from emulator.things import Organization, Package
from emulator.world import World

if TYPE_CHECKING:
    from emulator.app import Emulator

STATUSES = ("APPROVAL_PENDING", "APPROVED", "REJECTED")


def change_manner(app: "Emulator", request: Request, rest: str) -> Answer:
    """How an organization deals with partners by itself from now on."""
    body = body_of(request)
    organization = organization_of(app.world, body.get("ims_org_id"))
    organization.manner = choice_of(body, "manner", ("", *partnerships.MANNERS), organization.manner)
    organization.answers_after_s = number_of(body, "after_s", organization.answers_after_s)
    shown = {"name": organization.name, "manner": organization.manner, "after_s": organization.answers_after_s}
    return Answer({"ims_org_id": organization.id, **shown})


def make_handshake(app: "Emulator", request: Request, rest: str) -> Answer:
    """A request for a partnership between two organizations, decided if the body says so."""
    body, world = body_of(request), app.world
    source, target = organization_of(world, body.get("source")), organization_of(world, body.get("target"))
    status = choice_of(body, "status", STATUSES, "APPROVAL_PENDING")
    record = partnerships.new_record(world, source.id, source.name, target.id, source.user_id, source.user_name)
    if status != "APPROVAL_PENDING":
        partnerships.decide(
            world,
            record,
            approved=status == "APPROVED",
            reason=str(body.get("reason", "Decided by hand")),
            target={"id": target.id, "name": target.name, "region": target.region},
            user=target.user_id,
        )
    return Answer(record, 201)


def forget_handshakes(app: "Emulator", request: Request, rest: str) -> Answer:
    """Drop one partnership, or all: the platform has no call for it."""
    world = app.world
    dropped = [ident for ident in world.handshakes if rest in ("", ident)]
    for ident in dropped:
        del world.handshakes[ident]
    return Answer({"dropped": len(dropped)})


def make_or_end_transfer(app: "Emulator", request: Request, rest: str) -> Answer:
    """A partner shares a package, or a transfer is over at once."""
    body, world = body_of(request), app.world
    if "id" not in body:
        package = _package(world, body.get("source"), body.get("package"))
        target = organization_of(world, body.get("target"))
        user = world.organizations[package.org_id].user_id
        kind = choice_of(body, "request_type", ("PRIVATE", "PUBLIC"), "PRIVATE")
        now_ms = world.now_ms()
        return Answer(deliveries.start(world, package, target, request_type=kind, user=user, at_ms=now_ms), 201)
    record = world.transfers.get(str(body["id"]))
    if record is None:
        raise ControlError(f"There is no transfer {body['id']}.")
    if record["completedTime"] is not None:
        raise ControlError(f"Transfer {record['id']} is over already.")
    status = choice_of(body, "status", ("COMPLETED", "FAILED"), "COMPLETED")
    arrives = flag_of(body, "arrives", True)
    source_id, package_id = record["sourceIMSOrgId"], record["packageId"]
    sent = world.package_of(source_id, package_id)
    if arrives and status == "COMPLETED" and sent is None:
        raise ControlError(f"There is no package {package_id} any more that could arrive.")
    target = world.organizations[record["targetIMSOrgId"]]
    deliveries.end(world, record, sent, target, status, arrives=arrives)
    return Answer(record)


def organization_of(world: World, ims_org_id: Any) -> Organization:
    """By its id or its name."""
    for organization in world.organizations.values():
        if ims_org_id in (organization.id, organization.name):
            return organization
    known = ", ".join(organization.name for organization in world.organizations.values())
    raise ControlError(f"There is no organization {ims_org_id}. Known: {known}.")


def _package(world: World, source: Any, named: Any) -> Package:
    organization = organization_of(world, source)
    for package in world.packages.values():
        if package.org_id == organization.id and named in (package.id, package.name):
            return package
    raise ControlError(f"Organization {organization.name} has no package {named}.")
