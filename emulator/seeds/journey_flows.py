"""How the journeys of the demo run: an everyday flow of a few nodes, and the two that tell a story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.seeds.journey_catalogue import MOBILE_APP, SOURCES, audience_id
from emulator.seeds.journey_maker import Step

_FIELDS = {source.name: (source.field_group, next(iter(source.fields))) for source in SOURCES}


def wait(duration: str) -> Mapping[str, Any]:
    return {"schedulerActions": [{"rule": {"type": "delay", "delay": duration}}]}


def message(channel: str, template: str, mobile_app: str = "") -> Mapping[str, Any]:
    """Which member names the template is not public; this service writes it as an object, for push as a name."""
    action: dict[str, Any] = {"type": "inboundActivationAction", "surface": {"channel": channel}}
    if channel == "push":
        action |= {"templateName": template, "mobileApp": {"name": mobile_app}}
    else:
        action["template"] = {"name": template}
    return {"nodeSubType": channel, "action": action}


def audience(name: str) -> Mapping[str, Any]:
    return {"nodeSubType": "readAudience", "audience": {"id": audience_id(name), "name": name}}


@dataclass(frozen=True)
class Plan:
    """An everyday flow: somebody enters, is looked up, waits, gets messages; other systems are told."""

    event: str = ""
    audience: str = "Newsletter subscribers"
    source: str = ""
    messages: Sequence[tuple[str, str]] = ()  # channel, template
    actions: Sequence[str] = ()
    pause: str = "P2D"


def everyday(plan: Plan, number: int, last: int, mobile_app: str) -> list[Step]:
    """Version `number` of `last`: each earlier version lacks one more of what came last, and waits a day less."""
    middle: list[Step] = []
    if plan.source:
        group, field = _FIELDS[plan.source]
        condition = f"#{{{plan.source}.{group}.{field}}} != null"
    else:
        condition = '#{acppsDataProvider.ProfileFieldGroup.homeAddress.country} == "DE"'
    middle.append(Step("check", "condition", "Who qualifies", (("Path1", "", condition), ("Otherwise", "end", ""))))
    for at, (channel, template) in enumerate(plan.messages, start=1):
        if at > 1:
            middle.append(Step(f"wait{at}", "timer", f"Wait {at - 1}", more=wait(plan.pause)))
        middle.append(
            Step(
                f"message{at}",
                "message",
                f"{template} by {channel}",
                more=message(channel, template, mobile_app),
            )
        )
    middle += [Step(f"action{at}", "action", name, action=name) for at, name in enumerate(plan.actions, start=1)]
    middle = middle[: max(1, len(middle) - (last - number))]
    if plan.event:
        start = Step("start", "start", f"On {plan.event}", (("", "", f"event:{plan.event}"),))
    else:
        start = Step("start", "start", f"Read {plan.audience}", more=audience(plan.audience))
    first_wait = Step("wait0", "timer", "Wait first", more=wait(f"P{number}D"))
    return chained([start, first_wait, *middle, Step("end", "end", "End")])


def chained(steps: Sequence[Step]) -> list[Step]:
    """Each step leads to the next one, where its own paths leave that open."""
    found = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if following is None:
            found.append(step)
            continue
        paths = step.to or (("", "", ""),)
        to = tuple((name, target or following.key, condition) for name, target, condition in paths)
        found.append(Step(step.key, step.kind, step.name, to, step.more, step.action))
    return found


def confirmation(number: int, template: str) -> list[Step]:
    """Order confirmation: from the second version on it follows the parcel, from the third it looks at the stock."""
    steps = [
        Step("start", "start", "Order confirmed", (("", "email", "event:orderConfirmed"),)),
        Step("email", "message", "Confirmation by email", (("", "crm", ""),), message("email", template)),
        Step("crm", "action", "Tell the CRM", (("", "end", ""),), action="notifyCrm"),
        Step("end", "end", "End"),
    ]
    if number == 1:
        return steps
    late = '#{carrierTracking.parcelStatus.status} == "delayed"'
    steps[2] = Step("crm", "action", "Tell the CRM", (("", "shipped", ""),), action="notifyCrm")
    steps[3:3] = [
        Step("shipped", "event", "Parcel shipped", (("", "late", "event:parcelShipped"), ("Timeout", "end", ""))),
        Step("late", "condition", "Is it late", (("Late", "sms", late), ("Otherwise", "end", ""))),
        Step("sms", "action", "Text message", (("", "end", ""),), action="sendSms"),
    ]
    if number == 2:
        return steps
    available = "#{stockService.stockLevel.available} > 0"
    steps[0] = Step("start", "start", "Order confirmed", (("", "stock", "event:orderConfirmed"),))
    steps[1:1] = [
        Step("stock", "condition", "In stock", (("In stock", "email", available), ("Otherwise", "wait", ""))),
        Step("wait", "timer", "Wait for stock", (("", "backorder", ""),), wait("PT6H")),
        Step("backorder", "action", "Back order to the CRM", (("", "email", ""),), action="notifyCrm"),
    ]
    return steps


def peak_season(number: int) -> list[Step]:
    """45 nodes from the second version on: a branch for each week, in it one for each tier; before, one week less."""
    weeks = 4 if number > 1 else 3
    steps = [
        Step("start", "start", "Read season shoppers", (("", "weeks", ""),), audience("Season shoppers")),
        Step(
            "weeks",
            "condition",
            "Which week",
            (
                *((f"Week {week}", f"w{week}", f"@{{season.week}} == {week}") for week in range(1, weeks + 1)),
                ("Otherwise", "end", ""),
            ),
        ),
    ]
    for week in range(1, weeks + 1):
        steps += _week(week)
    return [
        *steps,
        Step("crm", "action", "Tell the CRM", (("", "end", ""),), action="notifyCrm"),
        Step("end", "end", "End"),
    ]


def _week(week: int) -> list[Step]:
    """Ten nodes, and an eleventh in the first week."""
    tiers = ("gold", "silver")
    steps = [
        Step(
            f"w{week}",
            "condition",
            f"Tier in week {week}",
            (
                *(
                    (tier.title(), f"w{week}-{tier}-wait", f'#{{crmContacts.crmContact.tier}} == "{tier}"')
                    for tier in tiers
                ),
                ("Otherwise", f"w{week}-news", ""),
            ),
        )
    ]
    for tier in tiers:
        key = f"w{week}-{tier}"
        steps += [
            Step(f"{key}-wait", "timer", f"Wait, {tier}", ((("", f"{key}-mail", "")),), wait("P1D")),
            Step(
                f"{key}-mail",
                "message",
                f"Offer {tier}",
                (("", f"{key}-coupon", ""),),
                message("email", "Peak season EN"),
            ),
            Step(f"{key}-coupon", "action", f"Coupon {tier}", (("", f"{key}-done", ""),), action="createCoupon"),
            Step(f"{key}-done", "timer", f"Settle {tier}", (("", "crm", ""),), wait("PT2H")),
        ]
    news = Step(
        f"w{week}-news", "message", f"News of week {week}", (("", "end", ""),), message("email", "Newsletter EN")
    )
    steps.append(news)
    if week == 1:
        steps[-1] = Step(news.key, news.kind, news.name, (("", "w1-again", ""),), news.more)
        steps.append(Step("w1-again", "timer", "Ask again later", (("", "w1", ""),), wait("P3D")))
    return steps


def welcome(number: int, template: str = "Welcome EN") -> list[Step]:
    """Welcome series. Version 4 took the coupon out, put a push message in, and waits longer than version 3."""
    steps = [
        Step("start", "start", "Member enrolled", (("", "email", "event:memberEnrolled"),)),
        Step("email", "message", "Welcome by email", (("", "wait", ""),), message("email", template)),
        Step("wait", "timer", "Wait", (("", "reminder", ""),), wait("P2D" if number < 4 else "P4D")),
        Step("reminder", "message", "Reminder by email", (("", "end", ""),), message("email", "Welcome reminder EN")),
        Step("end", "end", "End"),
    ]
    if number == 2:
        steps[3:4] = [
            Step("reminder", "message", "Reminder by email", (("", "crm", ""),), steps[3].more),
            Step("crm", "action", "Tell the CRM", (("", "end", ""),), action="notifyCrm"),
        ]
    if number >= 3:
        near = '#{storeFinder.nearestStore.city} == "Berlin"'
        follow = "coupon" if number == 3 else "push"
        steps[3:4] = [
            Step("reminder", "condition", "Store near by", (("Near", follow, near), ("Otherwise", "end", ""))),
            Step("coupon", "action", "Coupon", (("", "crm", ""),), action="createCoupon")
            if number == 3
            else Step("push", "message", "Push", (("", "crm", ""),), message("push", "Welcome EN", MOBILE_APP["prod"])),
            Step("crm", "action", "Tell the CRM", (("", "end", ""),), action="notifyCrm"),
        ]
    return steps
