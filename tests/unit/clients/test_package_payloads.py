import json

import pytest

from clients.package_payloads import PackagePayload, parse_payload

ORG = "5C1328435BF324E90A49402A@AdobeOrg"
PAYLOAD = PackagePayload(organization_id=ORG, package_id="673264e41f8b49229d61467a1a94a907")


def test_a_payload_is_copied_as_the_platform_writes_it() -> None:
    text = PAYLOAD.as_text()

    assert text == f'{{\n  "imsOrgId": "{ORG}",\n  "packageId": "{PAYLOAD.package_id}"\n}}'
    assert parse_payload(text) == PAYLOAD


@pytest.mark.parametrize("name", ["imsOrgId", "imsOrdId", "imsorgid", "ims_org_id"])
@pytest.mark.parametrize("around", ["{}", "\n  {}\r\n", "\ufeff{}"])
def test_a_payload_is_read_in_every_spelling(name: str, around: str) -> None:
    text = json.dumps({name: f" {ORG}", "packageId": f"{PAYLOAD.package_id} ", "more": [1]})

    assert parse_payload(around.replace("{}", text)) == PAYLOAD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (PAYLOAD.package_id, "not JSON"),
        ("Here it is: " + PAYLOAD.as_text(), "not JSON"),
        (PAYLOAD.as_text()[:-1], "not JSON"),
        ("[" * 5000, "not JSON"),
        (f"[{PAYLOAD.as_text()}]", "one JSON object"),
        ('"text"', "one JSON object"),
        ("{}", "has no imsOrgId"),
        (json.dumps({"packageId": "p"}), "has no imsOrgId"),
        (json.dumps({"imsOrgId": None, "packageId": "p"}), "has no imsOrgId"),
        (json.dumps({"imsOrgId": ORG}), "has no packageId"),
        (json.dumps({"imsOrgId": ORG, "packageId": " "}), "packageId of the payload is empty"),
        (json.dumps({"imsOrgId": ORG, "packageId": 7}), "packageId of the payload is not a text"),
        (json.dumps({"imsOrgId": [ORG], "packageId": "p"}), "imsOrgId of the payload is not a text"),
        (json.dumps({"imsOrgId": ORG, "packageId": "a b"}), "packageId of the payload is not an id"),
        (json.dumps({"imsOrgId": ORG, "packageId": "a\nb"}), "packageId of the payload is not an id"),
        (json.dumps({"imsOrgId": ORG, "packageId": "x" * 201}), "packageId of the payload is not an id"),
        (json.dumps({"imsOrgId": ORG, "packageId": ".."}), "packageId of the payload is not an id"),
        (json.dumps({"imsOrgId": PAYLOAD.package_id, "packageId": ORG}), "not an organization id"),
    ],
)
def test_what_is_no_payload_is_refused_with_a_sentence_that_says_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse_payload(text)

    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert ".." not in sentence
