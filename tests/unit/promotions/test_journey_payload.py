"""What an export asks somebody to decide, said in words, with a key that holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from promotions.systems.journeys.payload import PLACEHOLDER, Finding, Survey, edited, remaining, survey

EXPORT = Path("tests/fixtures/journeys/journey-version-export.response-200.json")
SCHEMA = "https://ns.adobe.com/acme/schemas/9f0c2d7b41e84a6d8a35b0c6f17e2d94"
OTHER = "https://ns.adobe.com/acme/schemas/1c77e5a0b9d24f8e9360ad4be8215f0a"


def look(**document: Any) -> Survey:
    return survey(json.dumps(document).encode())


def only(found: Survey, kind: str = "") -> Finding:
    (finding,) = [each for each in found.findings if kind in ("", each.kind)]
    return finding


def action(name: str = "sms", uid: str = "a1", **members: Any) -> dict[str, Any]:
    return {"uid": uid, "name": name, **members}


def test_an_export_is_understood_as_a_whole():
    content = EXPORT.read_bytes()

    found = survey(content)

    assert [(each.kind, each.title, each.where, each.pointers) for each in found.findings] == [
        ("schema", "schema", "event memberRegistered, schema", ("/events/0/xdmEntity/schemaRef/id",)),
        (
            "secret",
            "body parameter client_secret",
            "data source weatherService, authentication, body parameter client_secret",
            ("/dataProviders/2/authentication/body/bodyParams/client_secret",),
        ),
        (
            "secret",
            "password",
            "custom action notifyCrm, authentication, password",
            ("/customActions/0/authentication/password",),
        ),
        (
            "secret",
            "header X-Api-Key",
            "custom action pingChat, authentication, header X-Api-Key",
            ("/customActions/1/authentication/value",),
        ),
    ]
    assert found.left_alone == (
        "system data source Experience Platform, authentication token",
        "system data source Adobe Campaign Standard Data Provider, authentication token",
    )
    assert [(each.type, each.name, each.is_system) for each in found.objects] == [
        ("event", "memberRegistered", False),
        ("data source", "Experience Platform", True),
        ("data source", "Adobe Campaign Standard Data Provider", True),
        ("data source", "weatherService", False),
        ("field group", "ProfileFieldGroup", True),
        ("field group", "currentWeather", False),
        ("custom action", "notifyCrm", False),
        ("custom action", "pingChat", False),
    ]
    assert (found.journey_name, found.version_uid) == ("Welcome series", "d41f5e90-7c33-4b8a-a2f6-91e0c84d7b15")
    assert found.description_pointer == "/journey/description"
    assert (found.size, found.depth, found.leaves) == (len(content), 7, 116)


@pytest.mark.parametrize(
    ("members", "title", "where"),
    [
        ({"headers": [{"name": "api-key", "value": PLACEHOLDER}]}, "header api-key", "header api-key"),
        ({"headers": [{"key": "api-key", "value": f"Bearer {PLACEHOLDER}"}]}, "header api-key", "header api-key"),
        ({"headers": {"api-key": PLACEHOLDER}}, "header api-key", "header api-key"),
        ({"headers": [{"value": PLACEHOLDER}]}, "header 1 value", "header 1 value"),
        ({"queryParams": {"k": PLACEHOLDER}}, "query parameter k", "query parameter k"),
        (
            {"auth": {"name": "key", "value": PLACEHOLDER, "location": "queryParam"}},
            "query parameter key",
            "auth, query parameter key",
        ),
        ({"authConfig": {"clientSecret": PLACEHOLDER}}, "client secret", "auth config, client secret"),
        ({"authentication": {"token": PLACEHOLDER}}, "authentication token", "authentication token"),
        ({"OAuth URLs": [[PLACEHOLDER]]}, "element 1", "OAuth URL 1, element 1"),
        ({"replies": ["", PLACEHOLDER]}, "reply 2", "reply 2"),
        ({"a": {"b": {"c": {"d": {"e": {"f": PLACEHOLDER}}}}}}, "f", "a, b, …, e, f"),
    ],
)
def test_a_secret_is_said_in_words(members, title, where):
    finding = only(look(customActions=[action("SMS provider", **members)]))

    assert (finding.kind, finding.title, finding.where) == ("secret", title, f"custom action SMS provider, {where}")
    assert finding.owner == ("custom action", "SMS provider", "a1")


@pytest.mark.parametrize(
    ("lists", "type_"),
    [
        ("events", "event"),
        ("dataProviders", "data source"),
        ("dataSources", "data source"),
        ("dataEntities", "field group"),
        ("fieldGroups", "field group"),
        ("customActions", "custom action"),
        ("actions", "custom action"),
    ],
)
def test_a_list_says_what_its_objects_are(lists, type_):
    as_list = look(**{lists: [action(key=PLACEHOLDER)]})
    as_object = look(**{lists: {"a1": action(key=PLACEHOLDER)}})

    assert [only(each).owner for each in (as_list, as_object)] == [(type_, "sms", "a1")] * 2
    assert [(each.type, each.pointer) for each in as_list.objects + as_object.objects] == [
        (type_, f"/{lists}/0"),
        (type_, f"/{lists}/a1"),
    ]


@pytest.mark.parametrize(
    ("thing", "owner"),
    [
        ({"dataSource": action(k=PLACEHOLDER)}, ("data source", "sms", "a1")),
        ({"things": [action(type="customAction", k=PLACEHOLDER)]}, ("custom action", "sms", "a1")),
        ({"things": [action(type="odd", k=PLACEHOLDER)]}, ("object", "sms", "a1")),
        ({"customActions": [{"displayName": "SMS", "k": PLACEHOLDER}]}, ("custom action", "SMS", "")),
        ({"customActions": [{"_id": "x", "k": PLACEHOLDER}]}, ("custom action", "x", "x")),
        ({"customActions": [{}, {"k": PLACEHOLDER}]}, ("custom action", "2", "")),
        ({"k": PLACEHOLDER}, ("object", "", "")),
        ({"journey": {"name": "J", "steps": [{"uid": "s", "name": "S", "k": PLACEHOLDER}]}}, ("journey", "J", "")),
    ],
)
def test_the_owner_is_the_nearest_object_that_is_carried(thing, owner):
    assert only(look(**thing)).owner == owner


def test_a_secret_in_a_step_is_said_by_the_step():
    finding = only(look(journey=action("J", steps=[{"nodeName": "Call CRM", "auth": {"password": PLACEHOLDER}}])))

    assert finding.where == "journey J, step Call CRM, auth, password"


@pytest.mark.parametrize(
    "system",
    [
        {"builtIn": True},
        {"uid": "acsDataProvider"},
        {"name": "acppsDataProvider"},
        {"technicalName": "acppsFieldGroup"},
        {"id": "acppsDataPack"},
        {"type": "acsAction"},
    ],
)
def test_placeholders_of_system_objects_are_left_alone_wherever_the_telling_member_stands(system):
    for members in (system | {"auth": {"k": [PLACEHOLDER]}}, {"auth": {"k": [PLACEHOLDER]}} | system):
        found = look(customActions=[members, action(password=PLACEHOLDER)])

        assert only(found).pointers == ("/customActions/1/password",)
        assert len(found.left_alone) == 1
        assert found.left_alone[0].startswith("system custom action")
        assert remaining(json.dumps({"x": members}).encode()) == ()


def test_what_stands_below_a_system_object_belongs_to_it_and_what_stands_beside_does_not():
    found = look(
        dataProviders=[
            {"name": "own", "k": PLACEHOLDER, "dataProvider": "acsDataProvider", "builtIn": False},
            {"inner": action(template="T", xdmEntity=SCHEMA, k=PLACEHOLDER), "builtIn": True, "uid": "p"},
        ]
    )

    assert only(found).pointers == ("/dataProviders/0/k",)
    assert found.left_alone == ("system data source p, inner, k",)


@pytest.mark.parametrize(
    ("entity", "pointers"),
    [
        (SCHEMA, ["/events/0/xdmEntity"]),
        ("plain-id", ["/events/0/xdmEntity"]),
        ({"schemaRef": {"id": "s", "contentType": "c"}}, ["/events/0/xdmEntity/schemaRef/id"]),
        ({"schemaRef": "s"}, ["/events/0/xdmEntity/schemaRef"]),
        ({"$ref": "s"}, ["/events/0/xdmEntity/$ref"]),
        ({"$id": "s"}, ["/events/0/xdmEntity/$id"]),
        ({"schemaId": "s"}, ["/events/0/xdmEntity/schemaId"]),
        ({"id": "s", "title": "t"}, ["/events/0/xdmEntity/id"]),
        ({"schema": {"id": "s"}, "id": "e1", "_id": "e1"}, ["/events/0/xdmEntity/schema/id"]),
        ([{"deep": {"ref": SCHEMA}}], ["/events/0/xdmEntity/0/deep/ref"]),
    ],
)
def test_the_schema_of_an_event_is_found_in_every_form(entity, pointers):
    found = look(events=[action("visit", xdmEntity=entity, id="e1")])

    finding = only(found)
    assert (finding.kind, finding.where, list(finding.pointers)) == ("schema", "event visit, schema", pointers)
    assert finding.key == "schema:event:visit:schema"


def test_the_same_schema_elsewhere_in_the_event_changes_with_it():
    event = action(
        "visit",
        header={"schemaRef": {"id": SCHEMA}, "source": {"name": "n", "id": "i"}},
        body={"xdmMeta": {"schemaRef": {"id": SCHEMA}}, "xdmEntity": {"schemaRef": {"id": SCHEMA}, "note": SCHEMA}},
        other={"schemaRef": {"id": OTHER}},
    )

    found = look(events=[event, action("next", "a2", xdmEntity={"schemaRef": {"id": SCHEMA}})], unrelated=SCHEMA)

    first, second = found.findings
    assert first.pointers == (
        "/events/0/header/schemaRef/id",
        "/events/0/body/xdmMeta/schemaRef/id",
        "/events/0/body/xdmEntity/schemaRef/id",
        "/events/0/body/xdmEntity/note",
    )
    assert (first.current, second.pointers) == (SCHEMA, ("/events/1/xdmEntity/schemaRef/id",))


def test_an_xdm_entity_without_a_schema_leaves_it_to_the_header():
    found = look(events=[action("v", header={"schemaRef": {"id": SCHEMA}}, xdmEntity={"_id": "e", "timestamp": "t"})])

    assert only(found).pointers == ("/events/0/header/schemaRef/id",)


def test_two_schemas_of_one_event_are_two_findings():
    entity = {"schemaRef": {"id": SCHEMA}, "more": {"schemaRef": {"id": OTHER}}}

    first, second = look(events=[action("v", xdmEntity=entity)]).findings

    assert (first.where, second.where) == ("event v, schema", "event v, schema 2")
    assert first.key != second.key


def test_an_event_outside_any_list_is_known_by_uid_and_name():
    found = look(flow={"trigger": action("v", xdmEntity={"schemaRef": {"id": SCHEMA}}), "schemaRef": {"id": SCHEMA}})

    finding = only(found)
    assert (finding.where, finding.pointers) == ("event v, schema", ("/flow/trigger/xdmEntity/schemaRef/id",))


def test_a_schema_without_an_event_is_found_all_the_same():
    finding = only(look(xdmEntity={"schemaRef": {"id": SCHEMA}}, header={"schemaRef": {"id": SCHEMA}}))

    assert (finding.where, finding.pointers) == ("event, schema", ("/xdmEntity/schemaRef/id", "/header/schemaRef/id"))


def test_references_without_an_xdm_entity_are_no_findings():
    assert look(events=[action(schemaRef={"id": SCHEMA})], fieldGroups=[action("g", "g", schemaId="s")]).findings == ()


@pytest.mark.parametrize(
    ("members", "kind", "title", "pointer"),
    [
        ({"template": "T"}, "template", "template", "template"),
        ({"templateName": "T"}, "template", "template", "templateName"),
        ({"emailTemplate": {"id": "1", "name": "T"}}, "template", "email template", "emailTemplate/name"),
        ({"smsTemplate": {"name": "T"}}, "template", "sms template", "smsTemplate/name"),
        ({"templates": [{"name": "T"}]}, "template", "template T", "templates/0/name"),
        ({"mobileApp": "T"}, "mobile_app", "mobile app", "mobileApp"),
        ({"mobileApp": {"name": "T"}}, "mobile_app", "mobile app", "mobileApp/name"),
        ({"mobile_app_name": "T"}, "mobile_app", "mobile app", "mobile_app_name"),
        ({"templateRef": {"id": "1", "name": "T"}}, "template", "template ref", "templateRef/name"),
        ({"template": {"title": "T"}}, "template", "template", "template/title"),
        ({"template": {"title": "first", "name": "T", "label": "L"}}, "template", "template", "template/name"),
        ({"emailTemplate": {"label": "T"}}, "template", "email template", "emailTemplate/label"),
        ({"messageTemplateLabel": "T"}, "template", "message template label", "messageTemplateLabel"),
        ({"push": {"appName": "T"}}, "mobile_app", "push, app", "push/appName"),
        (
            {"mobilePush": {"on": {"app": {"name": "T"}}}},
            "mobile_app",
            "mobile push, on, app",
            "mobilePush/on/app/name",
        ),
    ],
)
def test_names_of_templates_and_apps_are_found(members, kind, title, pointer):
    finding = only(look(journey={"name": "J", "steps": [{"nodeName": "Thank", "action": members}]}))

    assert (finding.kind, finding.title, finding.current) == (kind, title.split(", ")[-1], "T")
    assert finding.where == f"journey J, step Thank, action, {title}"
    assert finding.pointers == (f"/journey/steps/0/action/{pointer}",)


@pytest.mark.parametrize(
    "members",
    [
        *({"template": ""}, {"template": "x" * 501}, {"templateId": "1"}, {"template": 1}, {"templateRef": "1"}),
        *({"app": {"name": "T"}}, {"appName": "T"}, {"push": {"appId": "1", "app": {"id": "1"}, "title": "Hello"}}),
        {"mobileNumber": {"app": {"name": "T"}}},
    ],
)
def test_contents_and_ids_of_templates_are_no_names(members):
    assert look(journey={"name": "J", "steps": [members]}).findings == ()


def test_an_object_that_stands_twice_is_decided_once_and_filled_in_twice():
    thing = action("crm", "u1", auth={"password": PLACEHOLDER})
    content = json.dumps({"dataProviders": [thing], "dataEntities": [action("g", "g1", source=thing)]}).encode()

    finding = only(survey(content))

    assert finding.where == "data source crm, auth, password"
    assert finding.pointers == ("/dataProviders/0/auth/password", "/dataEntities/0/source/auth/password")
    assert remaining(edited(content, dict.fromkeys(finding.pointers, "s"))) == ()


def test_keys_hold_when_objects_and_headers_change_places():
    headers = [{"name": "one", "value": PLACEHOLDER}, {"name": "two", "value": PLACEHOLDER}]
    first = look(customActions=[action("a", "1", headers=headers), action("b", "2", k=PLACEHOLDER)])
    second = look(customActions=[action("b", "2", k=PLACEHOLDER), action("a", "1", headers=headers[::-1])])

    keys = [each.key for each in first.findings]

    assert sorted(keys) == sorted(each.key for each in second.findings)
    assert keys[0] == "secret:custom action:a:headers/[one]/value"
    assert not {each.pointers for each in first.findings} <= {each.pointers for each in second.findings}


def test_objects_of_one_name_are_told_apart_by_uid_and_equal_places_by_number():
    same = [{"name": "h", "value": PLACEHOLDER}] * 2
    found = look(customActions=[action("a", "1", k=PLACEHOLDER), action("a", "2", headers=same)])

    assert [each.key for each in found.findings] == [
        "secret:custom action:a:1:k",
        "secret:custom action:a:2:headers/[h]/value",
        "secret:custom action:a:2:headers/[h]/value#2",
    ]
    assert [each.title for each in found.findings] == ["k", "header h", "header h (2)"]


def test_repeated_members_are_one_finding_that_changes_both():
    content = b'{"k": "INSERT_SECRET_HERE", "k": "INSERT_SECRET_HERE"}'

    finding = only(survey(content))

    assert edited(content, dict.fromkeys(finding.pointers, "s")) == b'{"k": "s", "k": "s"}'


def test_names_that_cannot_be_shown_or_stored_are_made_harmless():
    finding = only(look(customActions=[action("a\0\ud800\u202e\n" + "x" * 400, "u\0", k=PLACEHOLDER)]))

    assert finding.owner.name.startswith("a\ufffd\ufffd\ufffd x")
    assert len(finding.owner.name) == 80
    assert all(text.isprintable() for text in (finding.key, finding.where, finding.title, finding.owner.uid))


@pytest.mark.parametrize(
    ("document", "name", "uid", "pointer"),
    [
        ({"journey": {"name": "J", "uid": "v", "description": ""}}, "J", "v", "/journey/description"),
        ({"journeyVersion": {"name": "J", "uid": "v", "description": None}}, "J", "v", ""),
        ({"name": "J", "uid": "v", "journeyVersion": "1.0", "steps": [], "description": "d"}, "J", "v", "/description"),
        ({"result": {"name": "J", "_id": "v", "nodes": []}}, "J", "v", ""),
        ({"name": "J", "id": "v", "steps": [{"jump": {"journey": {"name": "K", "uid": "w"}}}]}, "J", "v", ""),
        ({"a": [1]}, "", "", ""),
    ],
)
def test_the_journey_is_found_in_every_envelope(document, name, uid, pointer):
    found = look(**document)

    assert (found.journey_name, found.version_uid, found.description_pointer) == (name, uid, pointer)


BASE: dict[str, Any] = {"a": {"x": 1, "y": "t", "metadata": {"createdAt": "2024", "n": None}}, "b": [1, 2, True]}


@pytest.mark.parametrize(
    "other",
    [
        {"b": [1, 2, True], "a": {"metadata": {"n": None, "createdAt": 5, "lastModifiedById": "p"}, "y": "t", "x": 1}},
        BASE | {"requestId": "r", "x-request-id": "r"},
    ],
)
def test_the_digest_ignores_order_of_members_times_persons_and_calls(other):
    assert look(**other).digest == look(**BASE).digest


@pytest.mark.parametrize(
    "other",
    [
        BASE | {"b": [2, 1, True]},
        BASE | {"b": [1, 2, "true"]},
        BASE | {"b": ["1", 2, True]},
        BASE | {"b": [1, [2], True]},
        BASE | {"c": None},
        BASE | {"createdBy": {"code": 1}},
        {"a": BASE["a"]},
    ],
)
def test_the_digest_knows_every_other_change(other):
    assert look(**other).digest != look(**BASE).digest


def test_the_digest_lets_the_last_of_repeated_members_rule():
    one, other = survey(b'{"a": 1, "b": 0, "a": 2}').digest, survey(b'{"a": 2, "b": 0, "a": 1}').digest

    assert one != other
    assert survey(b'{"b": 0, "a": 1, "a": 2}').digest == one


def test_numbers_count_as_written_but_for_the_sign_and_case_of_exponents():
    assert survey(b"[1E+5]").digest == survey(b"[1e5]").digest != survey(b"[100000]").digest
    assert survey(rb'["\u0061\/"]').digest == survey(b'["a/"]').digest
