"""What a migration makes of each old object, under which name; and how all of it is taken back.

Names and results: Adobe, "Decisioning Migration API", "Entity mapping" and "Naming conventions".
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.decisioning_scope import Given, Scope, members_of
from emulator.decisioning_things import (
    OUTBOUND,
    Collection,
    Dataset,
    Datastream,
    Decision,
    DecisioningShelf,
    Formula,
    Made,
    Needs,
    Offer,
    Placement,
    Qualifier,
    Rule,
    Thing,
)
from emulator.world import World

ITEM_SCHEMA, ITEM_FIELDS = "Personalized offer item schema", "offer_item_custom_attributes"
CONTEXT_FIELDS = "custom_context_attributes"
# Types of new objects -> how their ids begin; those without are UUIDs.
_PREFIXES: Mapping[str, str] = {
    "offerItem": "dps:offer-item:",
    "decisioningRule": "dps:rule:",
    "rankingFormula": "dps:rank:",
    "itemCollection": "dps:coll:",
    "channelConfiguration": "surf-",
    "selectionStrategy": "dps:strat:",
    "decisionPolicy": "dps:pol:",
}
_NOT_IN_A_SURFACE = re.compile(r"[ .]")


@dataclass(frozen=True)
class Undo:
    """One thing that a migration did to the target; fields were added to an item schema or a dataset."""

    made: Made | None = None
    datastream: Datastream | None = None
    fields: tuple[str, ...] = ()
    dataset: Dataset | None = None

    @property
    def name(self) -> str:
        return self.made.name if self.made else self.datastream.name if self.datastream else ""

    @property
    def is_object(self) -> bool:
        return self.made is not None and not self.fields


@dataclass
class Making:
    """One migration at work on its target."""

    world: World
    workflow_id: str
    source: DecisioningShelf
    target: DecisioningShelf
    target_name: str
    scope: Scope
    given: Given
    makes_datastream: bool
    mappings: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    undo: list[Undo] = field(default_factory=list)
    datastream_id: str = ""
    _made: dict[tuple[str, str, str], Made] = field(default_factory=dict)  # by type, id of the source, placement

    def __post_init__(self) -> None:
        self._chosen_from: dict[str, list[str]] = {}  # placements by the collections that decisions use there
        for thing in self.scope.things:
            for scope in thing.scopes if isinstance(thing, Decision) else ():
                for criterion in scope.criteria:
                    self._chosen_from.setdefault(criterion.collection, []).append(scope.placement)

    def prepare(self) -> None:
        """The datastream, and the context attributes in the schema of the dataset."""
        for offer in self.scope.skipped:
            self.warn(offer, "Offer content type is neither JSON nor Text; not migrated")
        dataset = self.target.datasets[self.given.dataset]
        wanted = [self.given.context.get(name, name) for name in self.scope.needs.context]
        added = tuple(dict.fromkeys(name for name in wanted if name not in dataset.fields | dataset.added))
        if added:
            dataset.added |= set(added)
            self.undo.append(Undo(dataset=dataset, fields=added))
        if self.makes_datastream:
            name = f"ExD_{dataset.name}"
            stream = Datastream(self.world.uuid(), name, dataset.name, workflow_id=self.workflow_id)
            self.target.datastreams[stream.id] = stream
            self.undo.append(Undo(datastream=stream))
        enabled = self.target.enabled_datastream(dataset.name)
        self.datastream_id = enabled.id if enabled else ""

    def warn(self, thing: Thing, message: str) -> None:
        self.warnings.append({"sourceId": thing.id, "message": message})

    def make(self, thing: Thing) -> None:
        """Everything that becomes of one old object, with its row among the mappings."""
        targets = self._targets(thing)
        if targets:
            self.mappings.append(
                {
                    "sourceType": thing.kind,
                    "sourceId": thing.id,
                    "sourceName": thing.name,
                    "targets": [{"type": one.type, "id": one.id, "name": one.name} for one in targets],
                }
            )

    def pass_over(self, thing: Thing) -> None:
        """Claim to have migrated an object without doing so."""
        row = {"sourceType": thing.kind, "sourceId": thing.id, "sourceName": thing.name, "targets": []}
        self.mappings.append(row)

    def _targets(self, thing: Thing) -> list[Made]:
        match thing:
            case Qualifier():
                return [self._new("unifiedTag", f"ExDMigration_{thing.name}_{self.target_name}", thing)]
            case Placement():
                return self._placement(thing)
            case Rule():
                return [
                    self._new("decisioningRule", f"ExD_{thing.name}", thing, details={"isApiOnly": thing.is_api_only})
                ]
            case Formula():
                return [self._new("rankingFormula", f"ExD_{thing.name}", thing)]
            case Offer():
                return self._offer(thing)
            case Collection():
                return self._collection(thing)
            case Decision():
                return self._decision(thing)
        return []

    # One kind each

    def _placement(self, placement: Placement) -> list[Made]:
        if placement.cap:
            self.warn(placement, f"Capping of placement {placement.name} is not migrated")
        name = f"ExD_{_NOT_IN_A_SURFACE.sub('_', placement.name)}"
        return [self._new("channelConfiguration", name, placement, details={"channel": placement.channel})]

    def _offer(self, offer: Offer) -> list[Made]:
        schema = self._item_schema(offer)
        # The schema is made once for all offers, and told of once.
        told = [schema] if schema.source_id == offer.id and schema.workflow_id == self.workflow_id else []
        fragments, seen = [], Counter[str]()
        for content in offer.contents:
            where = self._name(content.placement)
            if content not in offer.migrated_contents:
                self.warn(offer, f"Content for placement {where} is {content.type}; not migrated")
                continue
            name = f"ExD_{offer.name}_{where}_{seen[content.placement]}"
            seen[content.placement] += 1
            fragments.append(self._new("fragment", name, offer, content.placement, details={"type": content.type}))
        uses = [schema, *fragments, self._found("decisioningRule", offer.rule)]
        uses += [self._found("unifiedTag", one) for one in offer.qualifiers]
        item = self._new(
            "offerItem",
            f"ExD_{offer.name}",
            offer,
            uses=uses,
            details={
                "frequencyCap": offer.cap,
                "isFallback": offer.is_fallback,
                ITEM_FIELDS: dict(offer.characteristics),
            },
        )
        return [item, *told, *fragments]

    def _item_schema(self, offer: Offer) -> Made:
        """The one schema of offer items in the target; characteristics that it lacks are added."""
        schema = self.target.of_type("offerItemSchema")
        names = list(offer.characteristics)
        if schema is None:
            return self._new("offerItemSchema", ITEM_SCHEMA, offer, details={ITEM_FIELDS: names})
        known: list[str] = schema.details[ITEM_FIELDS]
        if added := tuple(name for name in names if name not in known):
            known.extend(added)
            self.undo.append(Undo(made=schema, fields=added))
        return schema

    def _collection(self, collection: Collection) -> list[Made]:
        """An item collection for each placement in which decisions choose from it, or else its offers are shown."""
        members = members_of(self.source, collection)
        offers = [one for one in (self.source.things.get(ident) for ident in members) if isinstance(one, Offer)]
        placements = self._chosen_from.get(collection.id) or [
            content.placement for offer in offers for content in offer.migrated_contents
        ]
        made = []
        for placement in dict.fromkeys(placements):
            shown = [one for one in offers if any(it.placement == placement for it in one.migrated_contents)]
            uses = [self._found("unifiedTag", collection.qualifier)]
            uses += [self._found("offerItem", one.id) for one in shown]
            name = f"ExD_{collection.name}_{self._name(placement)}"
            made.append(self._new("itemCollection", name, collection, placement, uses=uses))
        return made

    def _decision(self, decision: Decision) -> list[Made]:
        made: list[Made] = []
        strategies = 0
        fallback = self._found("offerItem", decision.fallback)
        if decision.fallback and fallback is None:
            self.warn(decision, "The fallback offer is not migrated; the decision policies have none")
        for scope in decision.scopes:
            own = []
            for criterion in scope.criteria:
                uses = [
                    self._found("itemCollection", criterion.collection, scope.placement),
                    self._found("decisioningRule", criterion.rule),
                    self._found("rankingFormula", criterion.formula),
                ]
                name = f"ExD_{decision.name}_selection_strategy_{strategies}"
                own.append(self._new("selectionStrategy", name, decision, f"{scope.placement} {strategies}", uses=uses))
                strategies += 1
            where = self._name(scope.placement)
            policy_name = f"ExD_{decision.name}_{where}"
            policy = self._new(
                "decisionPolicy",
                policy_name,
                decision,
                scope.placement,
                uses=[*own, fallback],
                details={"itemCount": scope.item_count},
            )
            made += [*own, policy]
            placement = self.source.things.get(scope.placement)
            if isinstance(placement, Placement) and placement.channel in OUTBOUND:
                self.warn(decision, f"Placement {where} is outbound ({placement.channel}); no campaign was made")
                continue
            uses = [policy, self._found("channelConfiguration", scope.placement)]
            name = f"Campaign for {decision.name} : {where}"
            made.append(self._new("campaign", name, decision, scope.placement, uses=uses))
        return made

    # Words for all of them

    def _name(self, ident: str) -> str:
        thing = self.source.things.get(ident)
        return thing.name if thing else ident

    def _found(self, type_: str, source_id: str, placement: str = "") -> Made | None:
        return self._made.get((type_, source_id, placement))

    def _new(
        self,
        type_: str,
        name: str,
        thing: Thing,
        placement: str = "",
        *,
        uses: list[Made | None] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Made:
        free = self.target.free_name(type_, name)
        if free != name:
            self.warn(thing, f"The name {name} is taken in sandbox {self.target_name}; created as {free}")
        if type_ in _PREFIXES:
            ident = f"{_PREFIXES[type_]}{self.world.random.getrandbits(64):016x}"
        else:
            ident = self.world.uuid()
        needs = Needs() if type_ == "offerItemSchema" else thing.needs
        used = {
            "profileAttributes": [self.given.profile.get(one, one) for one in needs.profile],
            "contextAttributes": [self.given.context.get(one, one) for one in needs.context],
            "segments": [":".join(self.given.segments.get(one, (one,))) for one in needs.segments],
        }
        made = Made(
            ident,
            type_,
            free,
            thing.id,
            self.workflow_id,
            uses=tuple(one.id for one in uses or () if one),
            details=dict(details or {}) | {key: value for key, value in used.items() if value},
        )
        self._made[type_, thing.id, placement] = self.target.add(made)
        self.undo.append(Undo(made=made))
        return made


def take_back(target: DecisioningShelf, undo: Undo) -> str:
    """Undo one thing; why not, if it stays."""
    if undo.dataset:
        undo.dataset.added -= set(undo.fields)
    elif undo.datastream:
        target.datastreams.pop(undo.datastream.id, None)
    elif undo.made and undo.fields:
        known = undo.made.details[ITEM_FIELDS]
        known[:] = [name for name in known if name not in undo.fields]
    elif undo.made and undo.made.id in target.made:
        if undo.made.status != "Draft":
            return f"{undo.made.type} {undo.made.name} is {undo.made.status} and was not removed"
        # Nothing but the item schema is ever used by what another migration made.
        if undo.made.type == "offerItemSchema" and any(undo.made.id in one.uses for one in target.made.values()):
            return f"{undo.made.type} {undo.made.name} is used by other objects and was not removed"
        target.remove(undo.made)
    return ""
