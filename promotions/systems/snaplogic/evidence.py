"""What the target shows of an import that got no answer, or was refused: no mark of ours, so a person decides."""

from typing import Any

from accounts.errors import NoCredentialError
from clients.errors import ApiError
from clients.snaplogic import SnapLogicClient, VersionPath
from promotions.api_choices import DuplicateRule
from promotions.models import Job, Plan
from promotions.systems.plan_runs import plan_of
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.effects import Effect
from promotions.systems.snaplogic.holdings import Holding, holding_of
from promotions.systems.snaplogic.picks import Pick, target_path

_LOST = "The answer to the import was lost, and nothing that it makes carries a mark of ours."
_NAMED = 5
_NUMBERS_TRIED = 9


def free_names(job: Job, client: SnapLogicClient) -> list[str]:
    """Under “make another version”, paths that it may make and that are not there yet. May raise ApiError.

    SnapLogic, public API, "Import an API version" and "Import a project": one shows a number behind the name, the other
    one a blank between. What is not listed to this account is left out.
    """
    plan = plan_of(job)
    if not _makes_another(plan):
        return []
    target = target_path(plan.promotion)
    found = []
    for blank in ("", " "):
        for number in range(1, _NUMBERS_TRIED + 1):
            path = VersionPath(target.org, target.api, f"{target.version}{blank}{number}")
            presence = holding_of(client, job.organization, path).presence
            if presence != "there":
                found += [path.text] if presence == "absent" else []
                break
    return found


def shown_all_the_same(job: Job) -> str:
    """What the target shows of an import that the platform says it turned away; "" if nothing, or if it will not tell.

    Whether a refused import leaves something behind is not documented, so its word is not taken for it.
    """
    plan = plan_of(job)
    path = target_path(plan.promotion)
    try:
        with snaplogic(job.organization) as client:
            if _makes_another(plan):
                return "".join(f"{made} was not there before, and is there now." for made in _made(job, client)[:1])
            added = _arrived(plan, holding_of(client, job.organization, path))
    except (ApiError, NoCredentialError):
        return ""
    return f"{path.text} lists what it did not before: {_some(added)}." if added else ""


def evidence_of(job: Job, client: SnapLogicClient) -> str:
    """The evidence in sentences, and what can be done. May raise ApiError."""
    plan = plan_of(job)
    pick, path = Pick.of(plan.promotion), target_path(plan.promotion)
    return f"{_LOST} {_seen(job, client, plan, path)} {_steps(pick)}"


def _seen(job: Job, client: SnapLogicClient, plan: Plan, path: VersionPath) -> str:
    if _makes_another(plan):
        if made := _made(job, client):
            return f"{made[0]} was not there before, and is there now."
        if noted := _noted(job):
            return f"Under the names that the platform's texts show there is none: {' and '.join(noted)}."
        return "Whether there is another version now cannot be asked: no call of the platform lists versions."
    holding = holding_of(client, job.organization, path)
    if not holding.is_listed and holding.presence == "absent":
        return f"The platform says that {path.text} does not exist, so that nothing of it seems to have arrived."
    if not holding.is_listed:
        return f"What {path.text} holds could not be found out. {holding.why}"
    wanted = _wanted(plan)
    if not wanted:
        return f"{path.text} held every asset before already, so that its list tells nothing."
    there = [(kind, name) for kind, name in wanted if holding.presence_of(kind, name) == "there"]
    seen = f"{path.text} lists {len(there)} of the {len(wanted)} assets that were to be added"
    return f"{seen}: {_some(there)}." if there else f"{seen}."


def _makes_another(plan: Plan) -> bool:
    is_absent = plan.facts.get("target", {}).get("presence") == "absent"
    return Pick.of(plan.promotion).rule == DuplicateRule.CREATE_NEW and not is_absent


def _noted(job: Job) -> list[str]:
    before: dict[str, Any] = job.params.get("before") or {}
    return [str(path) for path in before.get("free", ())]


def _made(job: Job, client: SnapLogicClient) -> list[str]:
    """Those of the noted paths that are there by now."""
    holdings = {text: holding_of(client, job.organization, VersionPath.parse(text)) for text in _noted(job)}
    return [text for text, holding in holdings.items() if holding.presence == "there"]


def _wanted(plan: Plan) -> list[tuple[str, str]]:
    effects = (Effect.ADDED, Effect.ADDED_OR_LEFT, Effect.ADDED_OR_OVERWRITTEN)
    return [(item.type, item.title) for item in plan.items.all() if item.details.get("effect") in effects]


def _arrived(plan: Plan, holding: Holding) -> list[tuple[str, str]]:
    """What the target certainly had not before."""
    return [
        (item.type, item.title)
        for item in plan.items.all()
        if item.details.get("effect") == Effect.ADDED and holding.presence_of(item.type, item.title) == "there"
    ]


def _some(assets: list[tuple[str, str]]) -> str:
    names = ", ".join(f"{kind} {name}" for kind, name in assets[:_NAMED])
    return f"{names} and {len(assets) - _NAMED} more" if len(assets) > _NAMED else names


def _steps(pick: Pick) -> str:
    if pick.rule == DuplicateRule.CREATE_NEW:
        return (
            "Look there for a version with a number at its end. If it is there, name its path; if not, close this and "
            "plan anew. Sending it again would make one more."
        )
    return "If it arrived, name the path of the version. If it did not, close this one and plan anew."
