"""Planning a migration: what the dependency analysis says has to be mapped, and what the target is. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.choices import IMPORTABLE_STATES
from accounts.models import User
from accounts.services import connections, sandboxes
from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_management import RemoteSandbox
from clients.sandbox_tooling import SandboxToolingClient
from clients.transport import Connection
from promotions.choices import GOOD_ENDS, ArtifactType, Decision, ItemInput, ItemKind, JobState, PlanState
from promotions.engine.registry import Report
from promotions.models import Job, Plan, Promotion
from promotions.services.verbs import MIGRATION_VERBS, ROLLBACK_VERBS, RunVerbs
from promotions.systems.base import Blocker, Choice, Gathered, ItemDraft
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.analysing import latest_analysis, queue_analysis
from promotions.systems.decisioning.items import CONTEXT, DATASET, DATASTREAM, PROFILE, REMOVAL, SEGMENT
from promotions.systems.decisioning.picks import Pick, segment_of
from promotions.systems.decisioning.rolling_back import made_by
from promotions.systems.decisioning.telling import PREREQUISITES, DecisioningTelling

DATASETS_OFFERED = 10
MEMBERS = {"profile": "profile attributes", "context": "context attributes", "segments": "segments"}
SOURCE_IS_TARGET = "source-is-target"
MIGRATED_BEFORE = "migrated-before"
PREREQUISITE = "prerequisite-"
MIGRATIONS_LOOKED_AT = 20
NOTHING_NAMED = "nothing-named"


class DecisioningSystem(DecisioningTelling):
    """Migration of offers and decisions from Decision management to Decisioning, and its rollback."""

    name = kinds.SYSTEM
    run_kinds = (kinds.MIGRATE, kinds.ROLL_BACK)
    preparations = (kinds.ANALYSE,)

    def run_kind(self, promotion: Promotion) -> str:
        return kinds.ROLL_BACK if promotion.is_undo else kinds.MIGRATE

    def run_verbs(self, promotion: Promotion) -> RunVerbs:
        return ROLLBACK_VERBS if promotion.is_undo else MIGRATION_VERBS

    def queue_preparation(self, plan: Plan, actor: User | None) -> Job | None:
        """A frozen plan is compared with the analysis that it rests on; an open one gets a new analysis."""
        if plan.promotion.is_undo or plan.state == PlanState.READY:
            return None
        return queue_analysis(plan, actor)

    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        pick = Pick.of(promotion)
        with connections.connect(promotion.target_organization) as platform:
            report("Reading the sandboxes", done=0, total=2)
            remote_sandboxes = connections.list_sandboxes(platform)
            sandboxes.apply_sandboxes(promotion.target_organization, remote_sandboxes)
            by_name = {found.name: found for found in remote_sandboxes}
            facts = _facts(promotion, pick, by_name)
            if promotion.is_undo:
                return _gathered_undo(promotion, facts)
            if blockers := _blockers(promotion, pick, by_name):
                return Gathered(facts=facts, blockers=blockers)
            analysis = latest_analysis(promotion.current_plan)
            if analysis is None or "dependencies" not in analysis.result:
                return Gathered(
                    facts=facts, blockers=[Blocker("The dependencies are not analysed. Read the facts again.")]
                )
            report("Reading the datasets of the target", done=1, total=2)
            datasets = _datasets(platform, promotion.target_sandbox.name)
        found = analysis.result["dependencies"]
        is_same = pick.source == promotion.target_sandbox.name
        at = analysis.remote_finished_at or analysis.finished_at or analysis.created_at
        return Gathered(
            facts={**facts, "dependencies": found},
            display={"analysed_at": at.isoformat(), "analysis": analysis.pk, "workflow": analysis.remote_id},
            blockers=_age_blockers(at),
            items=[
                *_from(pick, _items(found, datasets, is_same_sandbox=is_same)),
                *_confirmations(promotion, pick, is_silent=analysis.result.get("is_silent", False)),
            ],
        )

    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        changes = []
        was, now = before.get("dependencies"), after.get("dependencies")
        if was is not None and now is not None and was != now:
            for member, words in (
                ("profile", "profile attributes"),
                ("context", "context attributes"),
                ("segments", "segments"),
            ):
                added = sorted(set(now[member]) - set(was[member]))
                gone = sorted(set(was[member]) - set(now[member]))
                if added:
                    changes.append(f"More {words} are needed now: {_some(added)}.")
                if gone:
                    changes.append(f"These {words} are no longer needed: {_some(gone)}.")
            if not changes:
                changes.append("The analysis proposes other counterparts than before.")
        for member in ("source", "target"):
            if before.get(member) != after.get(member):
                now = after.get(member) or {}
                changes.append(
                    f"The {member} sandbox {now.get('sandbox')} is now {now.get('type') or 'not there'} and "
                    f"{now.get('state') or 'not there'}."
                )
        if before.get("made") != after.get("made"):
            changes.append("What the migration had made is listed otherwise than before.")
        return changes


def _facts(promotion: Promotion, pick: Pick, by_name: Mapping[str, RemoteSandbox]) -> dict[str, Any]:
    return {
        "scope": {"level": pick.level, "ids": list(pick.ids)},
        "source": _facts_of_sandbox(pick.source, by_name.get(pick.source)),
        "target": {
            "organization": promotion.target_organization.remote_id,
            **_facts_of_sandbox(promotion.target_sandbox.name, by_name.get(promotion.target_sandbox.name)),
        },
    }


def _facts_of_sandbox(name: str, found: RemoteSandbox | None) -> dict[str, Any]:
    return {"sandbox": name, "state": found.state if found else None, "type": found.type if found else None}


def _blockers(promotion: Promotion, pick: Pick, by_name: Mapping[str, RemoteSandbox]) -> list[Blocker]:
    blockers = []
    for name in dict.fromkeys((pick.source, promotion.target_sandbox.name)):
        found = by_name.get(name)
        if found is None:
            blockers.append(Blocker(f"The platform no longer lists the sandbox {name}. Choose another one."))
        elif found.state not in IMPORTABLE_STATES:
            blockers.append(Blocker(f"The sandbox {name} is {found.state}; only active ones can take part."))
    return blockers


def _age_blockers(at: datetime) -> list[Blocker]:
    hours = round((timezone.now() - at).total_seconds() / 3600)
    if hours <= settings.ANALYSIS_HOURS:
        return []
    return [Blocker(f"The analysis is {hours} hours old. Read the facts again, which has it made anew.")]


def _datasets(platform: Connection, sandbox: str) -> list[tuple[str, str]]:
    """Names and ids where the platform lists datasets; Adobe has withdrawn the call."""
    try:
        found = SandboxToolingClient(platform, sandbox=sandbox).list_artifacts(ArtifactType.CATALOG_DATASET)
    except (ApiNotFoundError, ApiRejectedError):
        return []
    return sorted({(row.title or row.id, row.id) for row in found})


def _items(found: Mapping[str, Any], datasets: Sequence[tuple[str, str]], *, is_same_sandbox: bool) -> list[ItemDraft]:
    return [
        *(_attribute(PROFILE, name, value) for name, value in found["profile"].items()),
        *(_attribute(CONTEXT, name, value) for name, value in found["context"].items()),
        *(_segment(key, pair, is_same_sandbox) for key, pair in found["segments"].items()),
        _dataset(found["dataset"], datasets),
        _datastream(),
    ]


LEAVE_OUT = Choice(Decision.LEAVE, None, "Needs no mapping", "It is not sent; what uses it may not work in the target.")


def _from(pick: Pick, items: Sequence[ItemDraft]) -> list[ItemDraft]:
    """Earlier decisions count for the same pair of sandboxes: each knows its source."""
    return [replace(item, details={**item.details, "memory": f"{pick.source}:{item.remote_id}"}) for item in items]


def _attribute(kind: str, name: str, proposed: str) -> ItemDraft:
    choices = [Choice(Decision.KEEP, None, f"The target calls it {name} too", ""), LEAVE_OUT]
    if proposed and proposed != name:
        target = {"id": proposed, "type": "attribute", "title": proposed}
        choices.insert(0, Choice(Decision.REUSE, target, "Proposed by the analysis", "", 1))
    return _mapped(kind, name, choices, {"current": name})


def _segment(key: str, pair: Sequence[str], is_same_sandbox: bool) -> ItemDraft:
    namespace, segment_id = pair
    choices = [LEAVE_OUT]
    details = {"current": key}
    # Only what can be sent is offered: `segment_of` reads it again.
    if segment_of(f"{namespace}:{segment_id}") is not None:
        same = f"{namespace}:{segment_id}"
        target = {"id": same, "type": "segment", "title": same}
        choices.insert(0, Choice(Decision.REUSE, target, "Proposed by the analysis", "", 1))
    if segment_of(key) is not None:
        # Keys name the source's own segment in the same form.
        doubt = "" if is_same_sandbox else "Sandboxes mostly give segments ids of their own."
        choices.insert(0, Choice(Decision.KEEP, None, "The target has it under the same namespace and id", doubt))
        details["same"] = key
    return _mapped(SEGMENT, key, choices, details)


def _mapped(kind: str, name: str, choices: Sequence[Choice], details: dict[str, str]) -> ItemDraft:
    return ItemDraft(
        key=f"{kind}:{name}"[:600],
        kind=ItemKind.VALUE,
        type=kind,
        remote_id=name[:500],
        title=name[:500],
        input=ItemInput.TEXT,
        details=details,
        choices=choices,
        must_decide=True,
    )


def _dataset(proposed: str, datasets: Sequence[tuple[str, str]]) -> ItemDraft:
    names = [proposed] if proposed else []
    names += [title for title, _ in datasets[:DATASETS_OFFERED] if title != proposed]
    choices = [
        Choice(
            Decision.REUSE,
            {"id": name, "type": "dataset", "title": name},
            "Proposed by the analysis" if name == proposed else "A dataset of the target; whether it fits is not known",
            "",
            rank,
        )
        for rank, name in enumerate(names, start=1)
    ]
    return ItemDraft(
        key="dataset",
        kind=ItemKind.VALUE,
        type=DATASET,
        remote_id="dataset",
        title="Experience Event dataset",
        input=ItemInput.TEXT,
        details={
            "where": "Its schema takes the migrated context attributes; it has to belong to a datastream that is "
            "enabled for Journey Optimizer, unless one is made",
        },
        choices=choices,
        must_decide=True,
    )


def _datastream() -> ItemDraft:
    return ItemDraft(
        key="datastream",
        kind=ItemKind.VALUE,
        type=DATASTREAM,
        remote_id="datastream",
        title="Datastream",
        choices=[
            Choice(
                Decision.KEEP, None, "Use the one that the dataset belongs to", "It has to be enabled for Edge calls."
            ),
            Choice(Decision.CREATE, None, "Make a new one, enabled for Journey Optimizer", ""),
        ],
        must_decide=True,
    )


def _standing_migration(promotion: Promotion) -> Job | None:
    """The last migration into this sandbox that is not known to be taken back."""
    done = Job.objects.filter(kind=kinds.MIGRATE, sandbox=promotion.target_sandbox, state__in=GOOD_ENDS)
    for job in done.order_by("-pk")[:MIGRATIONS_LOOKED_AT]:
        if not Job.objects.filter(kind=kinds.ROLL_BACK, promotion__origin_job=job, state=JobState.SUCCEEDED).exists():
            return job
    return None


def _confirmations(promotion: Promotion, pick: Pick, *, is_silent: bool) -> list[ItemDraft]:
    found = [
        ItemDraft(
            key=f"{PREREQUISITE}{name}",
            kind=ItemKind.CONFIRMATION,
            title=title,
            explanation=explanation,
            choices=[Choice(Decision.CONFIRM, None, "Looked at", "")],
            must_decide=True,
        )
        for name, title, explanation in PREREQUISITES
    ]
    if (former := _standing_migration(promotion)) is not None:
        found.append(
            ItemDraft(
                key=MIGRATED_BEFORE,
                kind=ItemKind.CONFIRMATION,
                title=f"{promotion.target_sandbox.name} holds what a migration made",
                explanation=f"Job {former.pk} (“{former.title}”) migrated into this sandbox, and was not rolled back. "
                "Names such as ExD_<name> are taken already; what the service does then is not documented: it may "
                "number the new ones, or fail.",
                choices=[Choice(Decision.CONFIRM, None, "Meant so", "")],
                must_decide=True,
            )
        )
    if pick.source == promotion.target_sandbox.name:
        found.append(
            ItemDraft(
                key=SOURCE_IS_TARGET,
                kind=ItemKind.CONFIRMATION,
                title="Source and target are one sandbox",
                explanation=f"The drafts are made in {pick.source} itself, beside what it holds.",
                choices=[Choice(Decision.CONFIRM, None, "Meant so", "")],
                must_decide=True,
            )
        )
    if is_silent:
        found.append(
            ItemDraft(
                key=NOTHING_NAMED,
                kind=ItemKind.CONFIRMATION,
                title="The analysis names no dependencies",
                explanation="The service calls it completed, but its answer lists none, not even empty ones. If the "
                "objects do need attributes or segments, nothing of that is mapped: read the facts again first.",
                choices=[Choice(Decision.CONFIRM, None, "They need none", "")],
                must_decide=True,
            )
        )
    return found


def _gathered_undo(promotion: Promotion, facts: dict[str, Any]) -> Gathered:
    migration = promotion.origin_job
    if migration is None:
        raise TypeError("a rollback is of a migration")
    made = made_by(migration)
    return Gathered(
        facts={**facts, "undoes": migration.remote_id, "made": [[row.type, row.remote_id, row.new_id] for row in made]},
        display={
            "made": [{"type": row.type, "title": row.title, "new_id": row.new_id} for row in made],
            "job": migration.pk,
        },
        items=[
            ItemDraft(
                key=REMOVAL,
                kind=ItemKind.CONFIRMATION,
                title=f"{len(made)} {'thing goes' if len(made) == 1 else 'things go'}",
                explanation=f"The service takes back what migration {migration.remote_id} has made in "
                f"{promotion.target_sandbox.name}: {len(made)} "
                f"{'thing' if len(made) == 1 else 'things'}, also where somebody has worked on them since. A rollback "
                "cannot be taken back itself.",
                choices=[Choice(Decision.CONFIRM, None, "Understood", "")],
                must_decide=True,
            )
        ],
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
