"""Three journeys for tests: one with secrets, a schema and a template, one that needs nothing, an invalid one."""

from emulator.seeds.journey_maker import Action, JourneyMaker, Source, Step, api_key, basic
from emulator.seeds.organizations import ACME, GLOBEX
from emulator.world import World

TEMPLATE = "Visit thanks EN"
_CRM = "https://crm.example.test/hooks/journey"
_ACTIONS = (Action("notifyCrm", _CRM, basic("crm-user"), body={"visit": "@{visitMade._id}"}),)
_WEATHER = "https://weather.example.test/v1"
_SOURCES = (Source("weatherService", _WEATHER, api_key("key", "queryParam"), "currentWeather", {"t": 21}),)


def fill(world: World) -> None:
    for org_id in (ACME, GLOBEX):
        for name in ("dev", "stage", "prod"):
            maker = JourneyMaker(world, org_id, name)
            maker.know(events={"visitMade": "Visit events"}, actions=_ACTIONS, sources=_SOURCES)
            maker.sandbox.shelf.templates.add(TEMPLATE if name == "dev" else "Thanks for your visit EN")
    maker = JourneyMaker(world, ACME, "dev")
    maker.know(events={"visitMade": "Visit events"}, actions=_ACTIONS, sources=_SOURCES)
    _thanks(maker, 1, "closed", age=30, description="Thanks for a visit")
    _thanks(maker, 2, "live", age=9, description="Thanks for a visit, in dry weather")
    maker.version("Audience greeting", 1, _greeting(), state="draft", kind="read_audience", age=3)
    missing = [("ERR_STEP_EMPTY", "Step Email has no content")]
    maker.version("Unfinished survey", 1, _greeting(), state="draft", kind="read_audience", age=2, errors=missing)


def _thanks(maker: JourneyMaker, number: int, state: str, *, age: float, description: str) -> None:
    message = {"action": {"type": "email", "surface": {"channel": "email"}, "template": {"name": TEMPLATE}}}
    dry = "#{weatherService.currentWeather.t} > 15"
    steps = [
        Step("start", "start", "Visit made", (("", "email", "event:visitMade"),)),
        Step("email", "message", "Thanks by email", (("", "crm", ""),), message),
        Step("crm", "action", "Notify CRM", (("", "end", ""),), action="notifyCrm"),
        Step("end", "end", "End"),
    ]
    if number > 1:
        steps[0] = Step("start", "start", "Visit made", (("", "dry", "event:visitMade"),))
        steps.insert(1, Step("dry", "condition", "Dry weather", (("Dry", "email", dry), ("Otherwise", "end", ""))))
    sources = ["weatherService"] if number > 1 else []
    maker.version(
        "Visit thanks",
        number,
        steps,
        state=state,
        age=age,
        description=description,
        events=["visitMade"],
        sources=sources,
    )


def _greeting() -> list[Step]:
    audience = {"nodeSubType": "readAudience", "audience": {"name": "Recent submitters"}}
    wait = {"schedulerActions": [{"rule": {"type": "delay", "delay": "PT15M"}}]}
    return [
        Step("start", "start", "Read audience", (("", "wait", ""),), audience),
        Step("wait", "timer", "Wait", (("", "end", ""),), wait),
        Step("end", "end", "End"),
    ]
