"""What can be said of an import whose answer was lost: nothing in the target carries a mark, so a person decides."""

from clients.snaplogic import SnapLogicClient
from promotions.api_choices import DuplicateRule
from promotions.models import Job
from promotions.systems.plan_runs import plan_of
from promotions.systems.snaplogic.effects import Effect
from promotions.systems.snaplogic.holdings import holding_of
from promotions.systems.snaplogic.picks import Pick, target_path

_LOST = "The answer to the import was lost, and nothing that it makes carries a mark of ours."
_NAMED = 5


def evidence_of(job: Job, client: SnapLogicClient) -> str:
    """The evidence in sentences, and what can be done. May raise ApiError."""
    plan = plan_of(job)
    pick, path = Pick.of(plan.promotion), target_path(plan.promotion)
    holding = holding_of(client, job.organization, path)
    wanted = [
        item
        for item in plan.items.all()
        if item.details.get("effect") in (Effect.ADDED, Effect.ADDED_OR_LEFT, Effect.ADDED_OR_OVERWRITTEN)
    ]
    if pick.rule == DuplicateRule.CREATE_NEW and plan.facts.get("target", {}).get("presence") != "absent":
        seen = "Whether there is another version now cannot be asked: no call of the platform lists versions."
    elif not holding.is_listed and holding.presence == "absent":
        seen = f"The platform says that {path.text} does not exist, so that nothing of it seems to have arrived."
    elif not holding.is_listed:
        seen = f"What {path.text} holds could not be found out. {holding.why}"
    elif not wanted:
        seen = f"{path.text} held every asset before already, so that its list tells nothing."
    else:
        there = [item for item in wanted if holding.presence_of(item.type, item.title) == "there"]
        names = ", ".join(f"{item.type} {item.title}" for item in there[:_NAMED])
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        seen = f"{path.text} lists {len(there)} of the {len(wanted)} assets that were to be added"
        seen = f"{seen}: {names}{more}." if there else f"{seen}."
    return f"{_LOST} {seen} {_steps(pick)}"


def _steps(pick: Pick) -> str:
    if pick.rule == DuplicateRule.CREATE_NEW:
        return (
            "Look there for a version with a number at its end. If it is there, name its path; if not, close this and "
            "plan anew. Sending it again would make one more."
        )
    return "If it arrived, name the path of the version. If it did not, close this one and plan anew."
