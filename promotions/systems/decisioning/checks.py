"""What people look at after a migration (Adobe, "Decisioning Migration API", validation)."""

import json
import uuid

from promotions.choices import Decision
from promotions.models import Job, RunCheck
from promotions.systems.decisioning.items import DATASTREAM
from promotions.systems.plan_runs import place_of

EDGE_URL = "https://edge.adobedc.net/ee/v2/interact"
OLDER_EDGE_URL = "https://edge.adobedc.net/ee/or2/v1/interact"


def add_checks(job: Job) -> None:
    """Once for each migration; ticks that are there stay."""
    where = place_of(job)
    rows = [
        ("segments", "Segments resolve", f"Open a migrated rule or offer in {where}: each segment has to be found."),
        (
            "attributes",
            "Attributes exist",
            "Profile and context attributes of rules and formulas are there.",
        ),
        (
            "objects",
            "Objects look right",
            "Offer items, collections, rules, formulas, selection strategies and decision policies: all of them are "
            "drafts whose names begin with ExD_.",
        ),
    ]
    sample = ""
    plan = job.plan
    datastream = str(job.result.get("datastream") or "")
    made = plan is not None and plan.items.filter(type=DATASTREAM, decision=Decision.CREATE).exists()
    if made or datastream:
        rows.append(
            (
                "datastream",
                "The datastream answers",
                "Publish what is to be tested, then call the Edge: the answer has handles of the type "
                "personalization:decisions, and names that begin with ExD_ in their sub-propositions. Older revisions "
                f"of the platform's page call {OLDER_EDGE_URL} instead.",
            )
        )
        sample = _interact_call(datastream or "DATASTREAM_ID")
    for position, (key, title, explanation) in enumerate(rows):
        RunCheck.objects.get_or_create(
            job=job,
            key=key,
            defaults={
                "position": position,
                "title": title,
                "explanation": explanation,
                "sample": sample if key == "datastream" else "",
            },
        )


def _interact_call(datastream: str) -> str:
    body = {
        "events": [
            {
                "query": {"personalization": {"decisionScopes": ["DECISION_SCOPE"]}},
                "xdm": {"identityMap": {"ECID": [{"id": "ECID_OF_A_TEST_PROFILE"}]}},
            }
        ]
    }
    return (
        f"curl -X POST '{EDGE_URL}?configId={datastream}' \\\n"
        f"  -H 'Content-Type: application/json' -H 'x-request-id: {uuid.uuid4()}' \\\n"
        f"  -d '{json.dumps(body)}'"
    )
