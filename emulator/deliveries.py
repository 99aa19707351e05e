"""Packages under way from one organization to another: the steps, one after the other, and what arrives."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from emulator.calls import Directive
from emulator.submission import unknown_status
from emulator.things import Organization, Package
from emulator.world import World

Record = dict[str, Any]

SHORTEST_S, LONGEST_S = 30.0, 90.0  # some seconds at the speed of the demo, so that people see the steps
# Adobe, draft of the transfer page of the Sandbox tooling API guide: the messages in their order.
STEPS = (
    "Fetched Package",
    "Fetched Manifest",
    "Tenant Identified",
    "Fetched Sandbox Id",
    "Fetched Blob Files",
    "Message Published to Kafka",
    "Completed Transfer",
)
FIRST_STEPS = 2  # the answer to the creating call shows them already
FAILS_AFTER_STEPS = 4
STUCK_AFTER_STEPS = 5


@dataclass(frozen=True)
class Delivery:
    """A transfer that runs: what it carries, and how it is told to end."""

    record: Record
    package: Package  # as it was when it set off
    target: Organization
    pause_s: float
    stops_after: int = len(STEPS)
    ends_as: str = "COMPLETED"  # nothing if it never ends
    arrives: bool = True


def start(
    world: World,
    package: Package,
    target: Organization,
    *,
    request_type: str,
    user: str,
    directives: Sequence[Directive] = (),
    at_ms: int | None = None,
) -> Record:
    """A new transfer that goes through its steps by itself."""
    record = new_record(world, package, target, request_type, user, world.current_ms() if at_ms is None else at_ms)
    sent = copy.copy(package)
    sent.content = world.content_of(package)
    options = _told(directives, target)
    duration_s = options.pop("seconds", world.random.uniform(SHORTEST_S, LONGEST_S))
    delivery = Delivery(record, sent, target, duration_s / (len(STEPS) - FIRST_STEPS + 1), **options)
    if any(directive.name == "unknown_status" for directive in directives):
        record["status"] = unknown_status(directives)
        return record
    world.after(delivery.pause_s, partial(_step, world, delivery), since=world.current_s)
    return record


def _told(directives: Sequence[Directive], target: Organization) -> dict[str, Any]:
    """What the faults of the starting call want of the transfer to this organization."""
    told: dict[str, Any] = {}
    for directive in directives:
        if directive.options.get("organization", target.id) != target.id:
            continue
        steps = directive.options.get("after_tasks")
        if directive.name in ("partial_failure", "job_failure"):
            told |= {"stops_after": FAILS_AFTER_STEPS if steps is None else steps, "ends_as": "FAILED"}
        elif directive.name == "stuck_job" and "seconds" in directive.options:
            told["seconds"] = float(directive.options["seconds"])
        elif directive.name == "stuck_job":
            told |= {"stops_after": STUCK_AFTER_STEPS if steps is None else steps, "ends_as": ""}
        elif directive.name == "hidden_error":
            told["arrives"] = False
    return told


def _step(world: World, delivery: Delivery) -> None:
    record = delivery.record
    messages = record["transferDetails"]["messages"]
    if record["status"] not in ("PENDING", "IN_PROGRESS"):
        return  # it was ended by hand
    if delivery.stops_after <= len(messages) or len(messages) == len(STEPS):
        if delivery.ends_as:
            end(world, record, delivery.package, delivery.target, delivery.ends_as, arrives=delivery.arrives)
        return
    record["status"] = "IN_PROGRESS"
    # A new list: the one shown before may still be on its way to a client.
    record["transferDetails"] = {"messages": [*messages, STEPS[len(messages)]], "additionalMetadata": None}
    record["modifiedDate"] = world.current_ms()
    world.after(delivery.pause_s, partial(_step, world, delivery), since=world.current_s)


def end(
    world: World, record: Record, sent: Package | None, target: Organization, status: str, *, arrives: bool
) -> None:
    """Let a transfer be over now."""
    record["completedTime"] = record["modifiedDate"] = world.current_ms()
    record["status"] = status
    messages = list(STEPS) if status == "COMPLETED" else record["transferDetails"]["messages"]
    record["transferDetails"] = {
        "messages": [*messages, f"Finished with status: {status}"],
        "additionalMetadata": None,
    }
    if sent is not None and arrives and status == "COMPLETED":
        arrival = add_arrival(world, sent, target, at_ms=world.current_ms())
        world.note("transfer.arrive", target.id, record["id"], package_id=arrival.id, name=arrival.name)


def end_if_open(world: World, record: Record, sent: Package, target: Organization) -> None:
    """Let a transfer end well, unless it has been ended before."""
    if record["completedTime"] is None:
        end(world, record, sent, target, "COMPLETED", arrives=True)


def add_arrival(world: World, sent: Package, target: Organization, *, at_ms: int) -> Package:
    """The copy that the target gets.

    The public guide leaves open whether it keeps its id: it gets one of its own unless a switch says otherwise.
    """
    package_id = world.hex_id()
    if world.switches.arrived_package_keeps_id:
        package_id = sent.id
        if (before := world.package_of(target.id, package_id)) is not None:
            world.remove_package(before)  # it comes again, and is still one package
    return world.add_package(
        Package(
            id=package_id,
            org_id=target.id,
            name=sent.name,
            description=sent.description,
            package_type=sent.package_type,
            source_org_id=sent.source_org_id,
            source_sandbox=sent.source_sandbox,
            artifacts=list(sent.artifacts),
            created_ms=at_ms,
            modified_ms=at_ms,
            expiry_ms=sent.expiry_ms,
            created_by=target.user_id,
            modified_by=target.user_id,
            client_id=sent.client_id,
            status="PUBLISHED",
            version=2,
            published_ms=at_ms,
            content=world.content_of(sent),
        )
    )


def add_past(
    world: World,
    package: Package,
    target: Organization,
    *,
    created_ms: int,
    took_ms: int,
    request_type: str = "PRIVATE",
    status: str = "COMPLETED",
) -> Record:
    """A transfer that was over before the start; what it brought is not added."""
    source = world.organizations[package.org_id]
    user = source.user_id if request_type == "PRIVATE" else target.user_id
    record = new_record(world, package, target, request_type, user, created_ms)
    record["status"] = status
    record["completedTime"] = record["modifiedDate"] = created_ms + took_ms
    steps = STEPS if status == "COMPLETED" else STEPS[:FAILS_AFTER_STEPS]
    record["transferDetails"]["messages"] = [*steps, f"Finished with status: {status}"]
    return record


def new_record(
    world: World, package: Package, target: Organization, request_type: str, user: str, at_ms: int
) -> Record:
    """A transfer that has just been asked for, remembered."""
    source = world.organizations[package.org_id]
    # Rows of pulled packages name organizations by their ids in every published sample.
    shows_names = request_type == "PRIVATE"
    record: Record = {
        "id": world.hex_id(),
        "version": 0,
        "createdDate": at_ms,
        "modifiedDate": at_ms,
        "createdBy": user,
        "modifiedBy": user,
        "sourceIMSOrgId": source.id,
        "sourceOrgName": source.name if shows_names else source.id,
        "targetIMSOrgId": target.id,
        "targetOrgName": target.name if shows_names else target.id,
        "packageId": package.id,
        "packageName": package.name,
        "status": "PENDING",
        "initiatedBy": user,
        "completedTime": None,
        "transferDetails": {"messages": list(STEPS[:FIRST_STEPS]), "additionalMetadata": None},
        "requestType": request_type,
    }
    world.transfers[record["id"]] = record
    return record
