"""The emulator's own doors, under /__emulator/: faults, latency, log, memory, clock, load."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from emulator import control_adding, control_decisioning, control_journeys, control_sharing, control_snaplogic
from emulator.answers import Answer
from emulator.control_bodies import ControlError, body_of, number_of
from emulator.dump import dump
from emulator.faults import CONCERNS, Fault
from emulator.seeds import load
from emulator.world import Switches

if TYPE_CHECKING:
    from emulator.app import Emulator

PREFIX = "/__emulator"


def answer(app: "Emulator", request: Request, path: str) -> Answer:
    """Called with the world's lock held."""
    what = path.removeprefix(PREFIX).strip("/")
    noun, _, rest = what.partition("/")
    handler = _HANDLERS.get((request.method, noun))
    if handler is None:
        known = sorted(f"{method} {PREFIX}/{name}" for method, name in _HANDLERS)
        return Answer({"error": f"No control {request.method} {path}.", "controls": known}, 404)
    try:
        return handler(app, request, rest)
    except (ControlError, ValueError) as error:
        return Answer({"error": str(error)}, 400)


def _index(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(
        {
            "seed": app.world.seed,
            "speed": app.world.clock.speed,
            "now": app.world.now_ms(),
            "controls": sorted(f"{method} {PREFIX}/{name}" for method, name in _HANDLERS),
            "faults": {fault.value: CONCERNS.get(fault, ("any",)) for fault in Fault},
        }
    )


def _arm(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(app.faults.arm(body_of(request)).describe(), 201)


def _armed(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer({"faults": app.faults.describe()})


def _disarm(app: "Emulator", request: Request, rest: str) -> Answer:
    if rest and not rest.isdigit():
        raise ControlError(f"{rest} is not the id of a fault.")
    dropped = app.faults.disarm(int(rest) if rest else None)
    app.release()
    return Answer({"dropped": dropped})


def _latency(app: "Emulator", request: Request, rest: str) -> Answer:
    body = body_of(request)
    low = number_of(body, "seconds", 0)
    app.latency = (low, max(low, number_of(body, "at_most", low)))
    return Answer({"seconds": app.latency[0], "at_most": app.latency[1]})


def _requests(app: "Emulator", request: Request, rest: str) -> Answer:
    since = request.args.get("since", "0")
    if not since.isdigit():
        raise ControlError("The parameter since must be the number of an entry.")
    return Answer({"requests": app.log.since(int(since)), "last": app.log.last})


def _forget_requests(app: "Emulator", request: Request, rest: str) -> Answer:
    app.log.clear()
    return Answer({"last": app.log.last})


def _state(app: "Emulator", request: Request, rest: str) -> Answer:
    return Answer(dump(app.world))


def _reset(app: "Emulator", request: Request, rest: str) -> Answer:
    app.reset()
    return Answer({"seed": app.world.seed, "now": app.world.now_ms()})


def _clock(app: "Emulator", request: Request, rest: str) -> Answer:
    body = body_of(request)
    if "speed" in body:
        app.world.clock.change_speed(number_of(body, "speed"))
    app.world.clock.advance(number_of(body, "advance_s", 0))
    app.world.settle()
    return Answer({"now": app.world.now_ms(), "speed": app.world.clock.speed})


def _switches(app: "Emulator", request: Request, rest: str) -> Answer:
    switches = app.world.switches
    known = {member.name: type(getattr(switches, member.name)) for member in dataclasses.fields(Switches)}
    body = body_of(request)
    for name, value in body.items():
        if name not in known or type(value) is not known[name]:
            raise ControlError(f"Unknown switch or wrong type: {name}. Known: {', '.join(known)}.")
    if unknown := set(str(body.get("versioning_methods", "")).upper().split()) - {"GET", "POST", "PATCH"}:
        raise ControlError(f"No version call knows the method {sorted(unknown)[0]}.")
    if body.get("journey_builtin_revision", 3) not in (1, 3):
        raise ControlError("The switch journey_builtin_revision is 1 or 3.")
    if body.get("journey_list_in", "results") not in ("results", "data", "journeys", "items"):
        raise ControlError("The switch journey_list_in is results, data, journeys or items.")
    if body.get("decisioning_created_status", 201) not in (200, 201, 202):
        raise ControlError("The switch decisioning_created_status is 200, 201 or 202.")
    if body.get("decisioning_unmapped", "empty") not in ("empty", "null", "absent", "same_name"):
        raise ControlError("The switch decisioning_unmapped is empty, null, absent or same_name.")
    for name, value in body.items():
        setattr(switches, name, value)
    return Answer(dataclasses.asdict(switches))


def _tokens(app: "Emulator", request: Request, rest: str) -> Answer:
    dropped = len(app.world.tokens)
    app.world.tokens.clear()
    return Answer({"dropped": dropped})


def _load(app: "Emulator", request: Request, rest: str) -> Answer:
    body = body_of(request)
    org_id = str(body.get("ims_org_id") or next(iter(app.world.organizations), ""))
    if org_id not in app.world.organizations:
        raise ControlError(f"There is no organization {org_id}.")
    packages = load.add_packages(app.world, org_id, int(number_of(body, "packages", 0)))
    jobs = load.add_running_jobs(app.world, org_id, int(number_of(body, "jobs", 0)))
    return Answer({"packages": packages, "jobs": jobs}, 201)


def _effects(app: "Emulator", request: Request, rest: str) -> Answer:
    since = request.args.get("since", "0")
    if not since.isdigit():
        raise ControlError("The parameter since must be the number of an effect.")
    wanted = {name: request.args[name] for name in request.args if name != "since"}
    world = app.world
    return Answer(
        {
            "counts": dict(world.effect_counts),
            "effects": [
                effect
                for effect in world.effects
                if effect["n"] > int(since) and all(str(effect.get(name)) == value for name, value in wanted.items())
            ],
            "last": sum(world.effect_counts.values()),
        }
    )


def _forget_effects(app: "Emulator", request: Request, rest: str) -> Answer:
    app.world.effects.clear()
    app.world.effect_counts.clear()
    return Answer({"last": 0})


Control = Callable[["Emulator", Request, str], Answer]
_HANDLERS: Mapping[tuple[str, str], Control] = {
    ("GET", ""): _index,
    ("POST", "faults"): _arm,
    ("GET", "faults"): _armed,
    ("DELETE", "faults"): _disarm,
    ("POST", "latency"): _latency,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "state"): _state,
    ("POST", "reset"): _reset,
    ("POST", "clock"): _clock,
    ("GET", "switches"): _switches,
    ("POST", "switches"): _switches,
    ("DELETE", "tokens"): _tokens,
    ("POST", "load"): _load,
    ("GET", "effects"): _effects,
    ("DELETE", "effects"): _forget_effects,
    ("POST", "organizations"): control_adding.add_organizations,
    ("POST", "packages"): control_adding.add_packages,
    ("POST", "journeys"): control_journeys.add_journeys,
    ("DELETE", "journeys"): control_journeys.remove_journey,
    ("GET", "decisioning"): control_decisioning.show,
    ("POST", "decisioning"): control_decisioning.add,
    ("POST", "datasets"): control_decisioning.set_dataset,
    ("POST", "workflows"): control_decisioning.start_or_end,
    ("DELETE", "workflows"): control_decisioning.forget,
    ("GET", "snaplogic"): control_snaplogic.show,
    ("POST", "snaplogic"): control_snaplogic.change,
    ("DELETE", "snaplogic"): control_snaplogic.forget,
    ("POST", "partners"): control_sharing.change_manner,
    ("POST", "handshakes"): control_sharing.make_handshake,
    ("DELETE", "handshakes"): control_sharing.forget_handshakes,
    ("POST", "transfers"): control_sharing.make_or_end_transfer,
}
