"""Planning the import of a journey: its export, what has to be filled in, what the target has. Reads only."""

from typing import Any

from accounts.choices import IMPORTABLE_STATES
from accounts.services import connections, sandboxes
from clients.errors import ApiAuthError, ApiNotFoundError, ApiRejectedError
from clients.sandbox_management import RemoteSandbox
from promotions.engine import hooks
from promotions.engine.registry import Report
from promotions.models import JourneyCopy, Plan, Promotion
from promotions.systems.base import Blocker, Document, Gathered
from promotions.systems.journeys import kinds, texts
from promotions.systems.journeys.connection import journeys
from promotions.systems.journeys.details import keep_uses
from promotions.systems.journeys.drafting import ITEMS_LIMIT, items_of
from promotions.systems.journeys.kinds import CANNOT_BE_EXPORTED
from promotions.systems.journeys.payload import DocumentError, Survey, survey
from promotions.systems.journeys.targets import read_schemas
from promotions.systems.journeys.telling import JourneyTelling
from promotions.systems.stored import lost_values


class JourneySystem(JourneyTelling):
    """Import of exported journey versions."""

    name = kinds.SYSTEM
    run_kinds = (kinds.IMPORT,)

    def run_kind(self, promotion: Promotion) -> str:
        return kinds.IMPORT

    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        pick = promotion.pick
        target = promotion.target_sandbox
        with connections.connect(promotion.target_organization) as platform:
            report("Reading the target sandbox", done=0, total=4)
            remote_sandboxes = connections.list_sandboxes(platform)
            sandboxes.apply_sandboxes(promotion.target_organization, remote_sandboxes)
            found = next((one for one in remote_sandboxes if one.name == target.name), None)
            facts: dict[str, Any] = {"journey": _facts_of_pick(pick), "target": _facts_of_target(promotion, found)}
            if blockers := _target_blockers(target.name, found):
                return Gathered(facts=facts, blockers=blockers)
            report("Exporting the version", done=1, total=4)
            try:
                with journeys(promotion.source_organization, sandbox=pick["sandbox"]) as client:
                    content = client.export(pick["version_uid"]).content
                report("Looking for what has to be filled in", done=2, total=4)
                surveyed = survey(content)
            except ApiRejectedError as refusal:
                return Gathered(facts=facts, blockers=[_why_not_exported(promotion, refusal)])
            except ApiAuthError as refusal:
                return Gathered(facts=facts, blockers=[_source_refused(promotion, refusal)])
            except DocumentError as unfit:
                return Gathered(facts=facts, blockers=[Blocker(f"The export cannot be used: {unfit}")])
            report("Looking for schemas in the target", done=3, total=4)
            wanted = [finding.current for finding in surveyed.findings if finding.kind == "schema"]
            with connections.connect(promotion.source_organization) as source:
                schemas = read_schemas(
                    source=source,
                    source_sandbox=pick["sandbox"],
                    target=platform,
                    target_sandbox=target.name,
                    is_wanted=bool(wanted),
                )
        keep_uses(pick, content)
        asked = {pointer for finding in surveyed.findings for pointer in finding.pointers}
        changed = texts.chosen(content, pick.get("texts", ()), asked)
        facts |= {"content": surveyed.digest, "schemas": schemas.facts_of(wanted), **texts.facts_of(changed)}
        return Gathered(
            facts=facts,
            display={**_display(promotion, surveyed), "schemas": schemas.ids},
            blockers=_document_blockers(surveyed),
            items=items_of(promotion, surveyed, schemas, changed),
            document=Document(kinds.EXPORT, pick["version_uid"], content),
        )

    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        changes = []
        if before.get("content") != after.get("content") and "content" in before and "content" in after:
            changes.append("The export of the version is no longer the same: the journey or what it uses was changed.")
        if before.get("schemas") != after.get("schemas") and "schemas" in before and "schemas" in after:
            changes.append("The target lists other schemas under these ids and titles than before.")
        if "content" in before and "content" in after:
            changes += texts.changes(before, after)
        if before.get("target") != after.get("target"):
            was, now = before.get("target", {}), after.get("target", {})
            changes.append(
                f"The sandbox {now.get('sandbox')} was {was.get('type')} and {was.get('state')}, and is now "
                f"{now.get('type') or 'not there'} and {now.get('state') or 'not there'}."
            )
        if ("content" in before) != ("content" in after):
            changes.append("The version can be exported again." if "content" in after else "The export failed.")
        return changes

    def lost_values(self, plan: Plan) -> list[str]:
        return lost_values(plan)


def _facts_of_pick(pick: dict[str, Any]) -> dict[str, Any]:
    return {name: pick[name] for name in ("uid", "version_uid", "version", "sandbox")}


def _facts_of_target(promotion: Promotion, found: RemoteSandbox | None) -> dict[str, Any]:
    return {
        "organization": promotion.target_organization.remote_id,
        "sandbox": promotion.target_sandbox.name,
        "state": found.state if found else None,
        "type": found.type if found else None,
    }


def _target_blockers(name: str, found: RemoteSandbox | None) -> list[Blocker]:
    if found is None:
        return [Blocker(f"The platform no longer lists the sandbox {name}. Choose another target.")]
    if found.state not in IMPORTABLE_STATES:
        return [Blocker(f"The sandbox {name} is {found.state}; only an active one can take an import.")]
    return []


def _why_not_exported(promotion: Promotion, refusal: ApiRejectedError) -> Blocker:
    version = f"Version {promotion.pick['version'] or promotion.pick['version_uid']} of “{promotion.title}”"
    if refusal.error_code == CANNOT_BE_EXPORTED:
        return Blocker(
            f"{version} has errors, and the platform exports only versions without. Mend it in the journey designer of "
            f"{promotion.source_place}, then read the facts again. The platform says: {refusal.message}"
        )
    if isinstance(refusal, ApiNotFoundError):
        return Blocker(f"{version} is no longer in {promotion.source_place}. Pick another one. {refusal.message}")
    return Blocker(f"{version} cannot be exported. The platform says: {refusal.message}")


def _source_refused(promotion: Promotion, refusal: ApiAuthError) -> Blocker:
    """The job belongs to the target, whose credential is not to blame for what the source refuses."""
    source = promotion.source_organization
    if source == promotion.target_organization:
        raise refusal
    hooks.credential_refused(source, refusal)
    return Blocker(f"The credential of {source} was refused, so the version cannot be exported: {refusal.message}")


def _document_blockers(surveyed: Survey) -> list[Blocker]:
    if len(surveyed.findings) > ITEMS_LIMIT:
        return [
            Blocker(
                f"The export asks for {len(surveyed.findings)} decisions; more than {ITEMS_LIMIT} cannot be shown. "
                "Split the journey."
            )
        ]
    return []


def _display(promotion: Promotion, surveyed: Survey) -> dict[str, Any]:
    copies = JourneyCopy.objects.filter(
        source_organization=promotion.source_organization,
        source_uid=promotion.pick["uid"],
        target_sandbox=promotion.target_sandbox,
    )
    return {
        "objects": [
            {"type": one.type, "name": one.name, "uid": one.uid, "is_system": one.is_system}
            for one in surveyed.objects[:ITEMS_LIMIT]
        ],
        "left_alone": list(surveyed.left_alone),
        "name": surveyed.journey_name,
        "mark_at": surveyed.description_pointer,
        "size": surveyed.size,
        "earlier": [{"name": copy.name, "job": copy.job_id, "at": copy.made_at.isoformat()} for copy in copies[:20]],
    }
