"""Asking for partnerships and deciding on them, against the emulated platform."""

import pytest

from promotions.choices import JobState, LegState
from tests.integration.promotions.sharing_world import World, asking_job, leg_of, partnership, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db


def test_a_partner_is_asked_once_and_the_request_waits_for_it(world: World) -> None:
    world.begin_without_partners()
    globex = world.globex.organization.remote_id

    job = world.finish(asking_job(request := world.acme.ask(globex)))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert len(world.platform.effects_of("handshake.request", target=globex)) == 1
    held = partnership(world.acme.organization, globex)
    assert (held.remote_id, held.is_pending, held.is_incoming) == (job.remote_id, True, False)
    assert (leg_of(request).state, leg_of(request).partnership) == (LegState.WAITING_PARTNER, held)
