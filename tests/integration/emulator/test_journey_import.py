"""Importing journeys: everything anew each time, nothing with a secret left out, and no secret remembered."""

import json

import pytest

from emulator.dump import dump
from tests.integration.emulator.journeys import PLACEHOLDER, Journeys, digest, filled, ready

RESERVED = ("acsDataProvider", "acppsDataProvider", "acppsFieldGroup", "acppsDataPack", "acsAction")
STUB = b'{"insert the payload here": ""}'  # the body in the public collection
NAME, TITLE = "Visit thanks", "Visit events"


@pytest.fixture
def journeys(platform):
    return Journeys(platform)


def uids(document):
    return {
        thing["uid"] for group in document if group != "journey" for thing in document[group] if not thing["builtIn"]
    }


def test_import_makes_a_valid_draft_and_answers_with_it(journeys):
    answer = journeys.bring(ready(journeys, NAME, TITLE))

    body = answer.json
    element = body["createdElement"]
    assert (answer.status_code, body["resStatus"], body["canDeploy"]["validationStatus"]) == (200, "created", "ok")
    assert body["uri"] == f"/voyager/apis/journeyVersions/{body['uid']}"
    assert (element["uid"], element["name"], element["state"]) == (body["uid"], "Visit thanks_copy", "created")
    assert (element["journeyVersion"], element["sandboxName"]) == ("1.0", "stage")
    assert journeys.row("Visit thanks_copy", "stage")["uid"] == element["journey"]


def test_every_import_makes_another_copy_with_new_uids_and_names(journeys):
    document = ready(journeys, NAME, TITLE)

    for _ in range(3):
        journeys.bring(document)

    names = [row["name"] for row in journeys.list_all("stage").json["results"]]
    exports = [journeys.document(name, "stage") for name in names]
    assert names == ["Visit thanks_copy", "Visit thanks_copy2", "Visit thanks_copy3"]
    assert [one["customActions"][0]["name"] for one in exports] == [
        "notifyCrm_copy",
        "notifyCrm_copy2",
        "notifyCrm_copy3",
    ]
    assert len(uids(document) | uids(exports[0]) | uids(exports[1]) | uids(exports[2])) == 4 * len(uids(document))


def test_references_within_the_copy_point_at_the_copy(journeys):
    source = ready(journeys, NAME, TITLE)

    journeys.bring(source)

    copy = journeys.document("Visit thanks_copy", "stage")
    start, dry, _, crm, _ = copy["journey"]["steps"]
    entity = copy["dataEntities"][1]
    assert start["transitions"][0] == {"name": "default", "targetStep": dry["uid"], "eventId": copy["events"][0]["uid"]}
    assert dry["transitions"][0]["condition"] == "#{weatherService_copy.currentWeather_copy.t} > 15"
    assert crm["action"]["elementRef"]["uid"] == copy["customActions"][0]["uid"]
    assert entity["dataProvider"] == copy["dataProviders"][2]["uid"]
    assert copy["customActions"][0]["body"] == {"visit": "@{visitMade_copy._id}"}
    assert set(copy["journey"]["ui"]["nodes"]) == {step["uid"] for step in copy["journey"]["steps"]}
    assert not {step["uid"] for step in source["journey"]["steps"]} & set(copy["journey"]["ui"]["nodes"])


def test_description_and_unknown_members_arrive(journeys):
    document = ready(journeys, NAME, TITLE)
    document["journey"]["description"] = "Brought by promotion 7"
    document["journey"]["futureMember"] = {"deep": [1, 2.5, None]}
    document["futureGroup"] = [{"a": True}]

    uid = journeys.bring(document).json["createdElement"]["journey"]

    copy = journeys.document("Visit thanks_copy", "stage")
    assert journeys.latest(uid, "stage").json["result"]["description"] == "Brought by promotion 7"
    assert copy["journey"]["futureMember"] == {"deep": [1, 2.5, None]}
    assert copy["futureGroup"] == [{"a": True}]


def test_secret_left_out_is_refused_with_the_object_that_lacks_it(journeys):
    document = ready(journeys, NAME, TITLE)
    document["customActions"][0]["body"] = {"deep": [{"text": f"Bearer {PLACEHOLDER}"}]}

    answer = journeys.bring(document)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, 1326)
    assert answer.json["error"]["message"].endswith("secret placeholder found in custom action notifyCrm")
    assert journeys.list_all("stage").json["results"] == []
    assert journeys.effects() == []


def test_system_objects_keep_their_placeholders_and_are_those_of_the_target(journeys):
    document = journeys.document(NAME)
    for thing in (document["dataProviders"][2], document["customActions"][0]):
        thing["authentication"] = {"type": "none"}

    answer = journeys.bring(document)

    copy = journeys.export(answer.json["uid"], "stage")
    assert answer.status_code == 200
    assert copy.json["error"]["code"] == 1324  # for its schema is unknown there
    assert answer.json["canDeploy"]["errors"][0]["errorCode"] == "ERR_EVENT_XDM"


@pytest.mark.parametrize(
    "name", ["acsDataProvider", "acppsDataProvider", "acppsFieldGroup", "acppsDataPack", "acsAction"]
)
@pytest.mark.parametrize("member", ["uid", "name"])
def test_reserved_names_of_both_revisions_need_no_secret(journeys, name, member):
    document = ready(journeys, NAME, TITLE)
    system = {"uid": "some-uid", "name": "Some name", "token": PLACEHOLDER} | {member: name}
    document["dataProviders"].append(system)

    answer = journeys.bring(document)

    copy = journeys.export(answer.json["uid"], "stage").json
    assert answer.status_code == 200
    assert system not in copy["dataProviders"]


def broken(document, path, value):
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["journey"], None),
        (["journey", "name"], None),
        (["journey", "name"], " "),
        (["journey", "steps"], []),
        (["journey", "steps"], "steps"),
        (["journey", "initialStep"], "nowhere"),
        (["journey", "steps", 0, "transitions", 0, "targetStep"], "nowhere"),
        (["journey", "steps", 0, "transitions", 0, "eventId"], "nobody"),
        (["journey", "steps", 3, "action", "elementRef", "uid"], "nobody"),
        (["events"], {}),
        (["customActions", 0], "text"),
        (["customActions", 0, "uid"], None),
        (["dataProviders", 2, "name"], 5),
    ],
)
def test_payload_that_is_no_export_is_refused(journeys, path, value):
    answer = journeys.bring(broken(ready(journeys, NAME, TITLE), path, value))

    assert (answer.status_code, answer.json["error"]["code"]) == (400, 1326)
    assert answer.json["error"]["message"].startswith("can't import journey version: invalid payload")
    assert journeys.effects() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 200_000, STUB])
def test_body_that_is_no_document_is_refused(journeys, body):
    answer = journeys.bring(body)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, 1326)


def test_wrong_schema_is_imported_and_blocks_publishing(journeys):
    answer = journeys.bring(filled(journeys.document(NAME)))

    shown = journeys.latest(answer.json["createdElement"]["journey"], "stage").json["result"]
    assert (answer.status_code, answer.json["canDeploy"]["validationStatus"]) == (200, "error")
    assert shown["canDeploy"]["reason"] == "1 error is currently blocking the publication"
    assert shown["canDeploy"]["errors"] == answer.json["canDeploy"]["errors"]


def test_template_that_the_target_lacks_is_a_warning(journeys):
    document = ready(journeys, NAME, TITLE)
    kept = journeys.bring(document).json["canDeploy"]
    document["journey"]["steps"][2]["action"]["template"]["name"] = "Thanks for your visit EN"

    changed = journeys.bring(document).json["canDeploy"]

    assert [one["warningCode"] for one in kept["warnings"]] == ["WARN_TEMPLATE"]
    assert changed == {"validationStatus": "ok"}


def test_effect_tells_by_digests_which_secret_arrived_where(journeys):
    document = ready(journeys, NAME, TITLE)
    document["dataProviders"][2]["authentication"]["value"] = "for the weather"
    document["customActions"][0]["authentication"]["password"] = "for the crm"
    body = json.dumps(document)

    uid = journeys.bring(body.encode()).json["createdElement"]["journey"]

    (effect,) = journeys.effects()
    assert (effect["uid"], effect["name"], effect["sandbox"]) == (uid, "Visit thanks_copy", "stage")
    assert effect["document"] == digest(body)
    assert {(one["object"], one["digest"]) for one in effect["secrets"]} == {
        ("data provider weatherService", digest("for the weather")),
        ("custom action notifyCrm", digest("for the crm")),
    }


def test_secret_is_remembered_nowhere_and_the_copy_exports_placeholders(journeys):
    secret = "s3cret-that-must-not-stay"

    answer = journeys.bring(ready(journeys, NAME, TITLE, value=secret))

    http, copy = journeys.platform.http, journeys.document("Visit thanks_copy", "stage")
    said = [answer.text, json.dumps(dump(journeys.platform.app.world)), json.dumps(copy)]
    said += [http.get(f"/__emulator/{noun}").text for noun in ("requests", "effects", "state")]
    assert [secret in text for text in said] == [False] * 6
    assert copy["customActions"][0]["authentication"]["password"] == PLACEHOLDER
    assert journeys.bring(copy).json["error"]["code"] == 1326


def test_payload_of_an_unknown_source_still_hides_what_looks_secret(journeys):
    document = ready(journeys, NAME, TITLE)
    document["journey"]["uid"] = "from-another-world"
    document["customActions"][0]["headers"] = [{"name": "Authorization", "value": "Bearer abc"}]

    journeys.bring(document)

    copy = journeys.document("Visit thanks_copy", "stage")
    assert copy["customActions"][0]["headers"] == [{"name": "Authorization", "value": PLACEHOLDER}]
    assert len(journeys.effects()[0]["secrets"]) == 3


def test_account_without_the_right_to_journeys_is_refused_where_it_lacks_it(platform):
    limited = Journeys(platform.also(robot=1))
    document = ready(limited, NAME, TITLE)

    answers = [limited.bring(document, sandbox) for sandbox in ("stage", "dev")]

    assert [answer.status_code for answer in answers] == [403, 200]
    assert len(limited.effects()) == 1


def test_copy_goes_to_another_organization(demo):
    acme, globex = Journeys(demo), Journeys(demo.also(organization=1))
    document = filled(acme.document("Order confirmation"))

    answer = globex.bring(document, "dev")

    copy = globex.call("GET", f"/authoring/journeyVersions/{answer.json['uid']}/export", sandbox="dev")
    assert answer.json["createdElement"]["orgId"] == globex.platform.org.id
    assert [one["errorCode"] for one in answer.json["canDeploy"]["errors"]] == ["ERR_EVENT_XDM"] * 2
    assert copy.status_code == 500

    for event, title in zip(document["events"], ("Order confirmed events", "Parcel shipped events"), strict=True):
        event["xdmEntity"]["schemaRef"]["id"] = globex.schema(title, "dev")
    valid = globex.bring(document, "dev")
    providers = globex.export(valid.json["uid"]).json["dataProviders"]
    assert valid.json["canDeploy"]["validationStatus"] == "ok"
    assert [one["name"] for one in providers[:2]] == ["acppsDataProvider", "acsDataProvider"]
    assert providers[0]["uid"] == globex.platform.org.sandboxes["dev"].shelf.system_uids["acppsDataProvider"]
