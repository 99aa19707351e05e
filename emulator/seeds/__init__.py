"""Worlds to start from. Ids and choices depend on the seed's name, dates on the moment of the start."""

from emulator.clock import Clock
from emulator.seeds import demo, load, organizations, small, snaplogic
from emulator.world import World

NAMES = ("demo", "small", "empty", "load")


def build(seed: str, clock: Clock) -> World:
    """A new world. Raises ValueError for a seed nobody knows."""
    name, _, size = seed.partition(":")
    if name not in NAMES or (size and (name != "load" or not size.isdigit())):
        raise ValueError(f"There is no seed {seed}. Known: {', '.join(NAMES)}; load:N makes N packages.")
    world = World(seed, clock)
    organizations.add(world)
    snaplogic.add(world)
    if name == "demo":
        demo.fill(world)
    elif name == "small":
        small.fill(world)
    elif name == "load":
        load.fill(world, int(size or load.DEFAULT_PACKAGES))
    return world
