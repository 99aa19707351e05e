"""Words with which the decisioning of a sandbox is written. Ids depend on names alone, so that nothing else shifts."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence

from emulator.decisioning_things import (
    Collection,
    Content,
    Criterion,
    Dataset,
    Datastream,
    Decision,
    DecisionScope,
    Formula,
    Needs,
    Offer,
    Placement,
    Qualifier,
    Rule,
    Thing,
)
from emulator.things import Sandbox
from emulator.world import World, stable_hex

_TEXTS: Mapping[str, str] = {
    "HTML": "<p>{0}</p>",
    "IMAGE": "https://images.example.test/{0}.png",
    "TEXT": "{0}",
}


class DecisioningMaker:
    """Fills one sandbox."""

    def __init__(self, world: World, org_id: str, sandbox: str) -> None:
        self.world, self.org_id = world, org_id
        self.sandbox: Sandbox = world.organizations[org_id].sandboxes[sandbox]
        self.shelf = self.sandbox.decisioning

    def hex(self, *words: str, length: int = 16) -> str:
        return stable_hex(self.world.seed, self.org_id, self.sandbox.name, "decisioning", *words, length=length)

    def uuid(self, *words: str) -> str:
        return str(uuid.UUID(self.hex(*words, length=32), version=4))

    # What is there beside decisioning

    def attributes(self, *names: str) -> None:
        self.shelf.profile_attributes |= set(names)

    def segment(self, name: str, namespace: str = "ups", ident: str = "") -> str:
        """A segment; its key."""
        key = f"{namespace}:{ident or self.uuid('segment', name)}"
        self.shelf.segments[key] = name
        return key

    def dataset(self, name: str, *fields: str, is_enabled: bool | None = True) -> Dataset:
        """A dataset of experience events; with None for `is_enabled` it belongs to no datastream."""
        dataset = self.shelf.datasets[name] = Dataset(name, set(fields))
        if is_enabled is not None:
            stream = Datastream(self.uuid("datastream", name), f"{name} stream", name, is_enabled)
            self.shelf.datastreams[stream.id] = stream
        return dataset

    # Decision management

    def _id(self, kind: type[Thing], name: str) -> str:
        return f"{kind.prefix}:{self.hex(kind.kind, name)}"

    def placement(self, name: str, channel: str = "web", *, cap: int = 0) -> Placement:
        made = Placement(self._id(Placement, name), name, channel=channel, cap=cap)
        self.shelf.put(made)
        return made

    def qualifier(self, name: str) -> Qualifier:
        made = Qualifier(self._id(Qualifier, name), name)
        self.shelf.put(made)
        return made

    def rule(self, name: str, needs: Needs, *, is_api_only: bool = False) -> Rule:
        made = Rule(self._id(Rule, name), name, needs, is_api_only)
        self.shelf.put(made)
        return made

    def formula(self, name: str, needs: Needs) -> Formula:
        made = Formula(self._id(Formula, name), name, needs)
        self.shelf.put(made)
        return made

    def offer(
        self,
        name: str,
        contents: Iterable[tuple[Placement, str]],
        *,
        rule: Rule | None = None,
        qualifiers: Sequence[Qualifier] = (),
        needs: Needs | None = None,
        characteristics: Mapping[str, str] | None = None,
        cap: int = 0,
        is_fallback: bool = False,
        flaw: str = "",
    ) -> Offer:
        """An offer with contents of a type, JSON, TEXT, HTML or IMAGE, each for a placement."""
        written = {**_TEXTS, "JSON": json.dumps({"title": "{0}"})}
        made = Offer(
            self._id(Offer, name),
            name,
            needs or Needs(),
            contents=tuple(Content(one.id, type_, written[type_].replace("{0}", name)) for one, type_ in contents),
            characteristics=dict(characteristics or {}),
            rule=rule.id if rule else "",
            qualifiers=tuple(one.id for one in qualifiers),
            cap=cap,
            is_fallback=is_fallback,
            flaw=flaw,
        )
        self.shelf.put(made)
        return made

    def collection(self, name: str, offers: Iterable[Offer] = (), qualifier: Qualifier | None = None) -> Collection:
        made = Collection(
            self._id(Collection, name),
            name,
            offers=tuple(one.id for one in offers),
            qualifier=qualifier.id if qualifier else "",
        )
        self.shelf.put(made)
        return made

    def decision(
        self,
        name: str,
        scopes: Mapping[str, Sequence[tuple[Collection, Rule | None, Formula | None]]],
        *,
        fallback: Offer | None = None,
        item_count: int = 1,
    ) -> Decision:
        """A decision that chooses, for placements by their names, from collections."""
        made = Decision(
            self._id(Decision, name),
            name,
            scopes=tuple(
                DecisionScope(
                    self._id(Placement, where),
                    tuple(
                        Criterion(one.id, rule.id if rule else "", formula.id if formula else "")
                        for one, rule, formula in criteria
                    ),
                    item_count,
                )
                for where, criteria in scopes.items()
            ),
            fallback=fallback.id if fallback else "",
        )
        self.shelf.put(made)
        return made

    def everyday(self, subject: str, offers: Sequence[str], rule: Rule, formula: Formula, where: Placement) -> Decision:
        """A decision on one placement, over offers of which the last one is the fallback."""
        choice = [self.offer(name, [(where, "JSON")], rule=rule) for name in offers[:-1]]
        last = self.offer(offers[-1], [(where, "TEXT")], is_fallback=True)
        collection = self.collection(f"{subject} choice", choice)
        return self.decision(subject, {where.name: [(collection, None, formula)]}, fallback=last)
