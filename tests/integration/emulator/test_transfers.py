"""Transfers on their way: step by step, and as faults and controls want them."""

import pytest

from emulator.deliveries import STEPS
from tests.integration.emulator.platform import Platform

ACME, GLOBEX, INITECH = 0, 1, 2


@pytest.fixture
def acme() -> Platform:
    platform = Platform("small")
    for partner in ("Globex", "Initech"):
        platform.control("handshakes", source="Acme", target=partner, status="APPROVED")
    return platform


@pytest.fixture
def globex(acme):
    return acme.also(organization=GLOBEX)


def share(acme, *robots, name="Forms"):
    body = {"packageId": acme.package(name).id, "targets": [{"imsOrgId": robot.org.id} for robot in robots]}
    return acme.call("POST", "/transfer", json=body)


def arm(acme, fault, **options):
    assert acme.control("faults", method="POST", path="/transfer*", fault=fault, **options).status_code == 201


def arrived(robot):
    return [row["name"] for row in robot.get("/packages").json["data"]]


def seen(robot, transfer_id):
    row = robot.get(f"/transfer/{transfer_id}").json
    return row["status"], row["transferDetails"]["messages"]


def test_transfer_tells_its_steps_one_after_the_other(acme, globex):
    transfer_id = share(acme, globex).json[0]["id"]

    found = []
    while (state := seen(acme, transfer_id))[0] not in ("COMPLETED", "FAILED"):
        if state not in found:
            found.append(state)
        acme.advance(1)

    assert [len(messages) for _, messages in found] == [2, 3, 4, 5, 6, 7]
    assert [status for status, _ in found] == ["PENDING"] + 5 * ["IN_PROGRESS"]
    assert state == ("COMPLETED", [*STEPS, "Finished with status: COMPLETED"])
    assert arrived(globex) == ["Forms"]


def test_transfer_takes_half_a_minute_to_one_and_a_half(acme, globex):
    share(acme, globex)

    acme.advance(29)
    early = arrived(globex)
    acme.advance(62)

    assert (early, arrived(globex)) == ([], ["Forms"])


def test_transfer_can_be_told_to_take_long(acme, globex):
    arm(acme, "stuck_job", seconds=40_000)
    transfer_id = share(acme, globex).json[0]["id"]

    acme.advance(39_000)
    late = seen(acme, transfer_id)[0]
    acme.advance(1_001)

    assert (late, seen(acme, transfer_id)[0]) == ("IN_PROGRESS", "COMPLETED")


@pytest.mark.parametrize("fault", ["job_failure", "partial_failure"])
@pytest.mark.parametrize(("told", "steps"), [({}, 4), ({"after_tasks": 6}, 6)])
def test_transfer_can_be_told_to_fail_at_a_step(acme, globex, fault, told, steps):
    arm(acme, fault, **told)
    transfer_id = share(acme, globex).json[0]["id"]

    acme.advance(91)

    assert seen(acme, transfer_id) == ("FAILED", [*STEPS[:steps], "Finished with status: FAILED"])
    assert arrived(globex) == []


def test_transfer_can_be_told_to_stay_for_ever(acme, globex):
    arm(acme, "stuck_job", after_tasks=3)
    transfer_id = share(acme, globex).json[0]["id"]

    acme.advance(80_000)

    assert seen(acme, transfer_id) == ("IN_PROGRESS", list(STEPS[:3]))


def test_transfer_can_say_completed_and_bring_nothing(acme, globex):
    arm(acme, "hidden_error")
    transfer_id = share(acme, globex).json[0]["id"]

    acme.advance(91)

    assert (seen(acme, transfer_id)[0], arrived(globex)) == ("COMPLETED", [])


def test_failure_in_part_spares_the_other_targets(acme, globex):
    initech = acme.also(organization=INITECH)
    arm(acme, "partial_failure")
    share(acme, globex, initech)
    acme.advance(91)
    arm(acme, "partial_failure", organization=globex.org.id)
    share(acme, globex, initech, name="Forms with audience")
    acme.advance(91)

    assert (arrived(globex), arrived(initech)) == (["Forms"], ["Forms with audience"])


def test_unlisted_transfer_shows_up_after_its_time(acme, globex):
    arm(acme, "unlisted_job", seconds=5)
    transfer_id = share(acme, globex).json[0]["id"]

    before = acme.get(f"/transfer/{transfer_id}").status_code, acme.get("/transfer/list").json["totalElements"]
    acme.advance(5)
    after = acme.get(f"/transfer/{transfer_id}").status_code, acme.get("/transfer/list").json["totalElements"]

    assert (before, after) == ((404, 0), (200, 1))


@pytest.mark.parametrize("way", ["share", "pull"])
def test_arrived_package_keeps_its_id_if_the_switch_says_so(acme, globex, way):
    acme.control("switches", arrived_package_keeps_id=True)
    sent = acme.package("Forms")
    for _ in range(2):
        if way == "share":
            share(acme, globex)
        else:
            sent.visibility = "PUBLIC"
            payload = acme.get(f"/packages/payload/{sent.id}").json
            globex.call("POST", "/transfer/pullRequest", json=payload)
        acme.advance(91)

    rows = globex.get("/packages").json["data"]
    assert [row["id"] for row in rows] == [sent.id]
    assert rows[0]["imsOrgId"] == globex.org.id
    assert globex.call("DELETE", f"/packages/{sent.id}").status_code == 200
    assert acme.get(f"/packages/{sent.id}").json["imsOrgId"] == acme.org.id


def test_arrived_package_is_another_one_by_default(acme, globex):
    share(acme, globex)
    acme.advance(91)

    row = globex.get("/packages").json["data"][0]

    assert row["id"] != acme.package("Forms").id
    assert row["sourceSandbox"] == {"name": "dev", "imsOrgId": acme.org.id, "empty": False}


def test_control_ends_a_transfer_once_and_lets_a_partner_share(acme, globex):
    shared = acme.control("transfers", source="Acme", package="Forms", target="Globex").json
    ended = acme.control("transfers", id=shared["id"], status="COMPLETED")
    again = acme.control("transfers", id=shared["id"])
    acme.advance(91)

    assert (ended.status_code, again.status_code) == (200, 400)
    assert seen(globex, shared["id"])[0] == "COMPLETED"
    assert arrived(globex) == ["Forms"]


@pytest.mark.parametrize(
    "body",
    [
        {"id": "unknown"},
        {"source": "Nobody", "package": "Forms", "target": "Globex"},
        {"source": "Acme", "package": "Nothing", "target": "Globex"},
        {"source": "Acme", "package": "Forms", "target": "Globex", "request_type": "SECRET"},
    ],
)
def test_control_of_transfers_refuses_what_it_does_not_know(acme, body):
    assert acme.control("transfers", **body).status_code == 400
