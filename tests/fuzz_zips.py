"""Malformed zips and account templates, the same for the same seed, and a look at how they are taken.

    python -m tests.fuzz_zips [--seed 7] [--number 2000]

Each has to be refused with a sentence, or read; what is malformed for certain has to be refused. Anything else that
happens, and whatever takes much memory or time, is a finding.
"""

import argparse
import io
import json
import os
import random
import struct
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.unit.promotions.zip_making import (
    FILES,
    TEMPLATE,
    Part,
    Whole,
    deflated,
    exported,
    handmade,
    streamed,
    zip_of,
)

SEED = 7
MIB = 1 << 20
MOST_MEMORY = 64 * MIB
MOST_SECONDS = 5.0
_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
_NAMES = (
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\windows\\x",
        "a\\..\\b",
        "..",
        ".",
        "a/../b",
        "a//b",
        "\x00",
        "a\x00.slp",
    ),
    *(
        "\x1b[31mred",
        "a\nb",
        "\u202eexe.slp",
        "",
        "x" * 600,
        "inner.zip",
        "inner.tar.gz",
        "D:x.slp",
        "a/./b",
    ),
)


@dataclass(frozen=True)
class Case:
    """One thing that somebody may upload."""

    kind: str
    content: bytes = field(repr=False)
    is_template: bool = False
    is_malformed: bool = False
    """For certain, so that it has to be refused."""


@dataclass(frozen=True)
class Taken:
    """What came of a case; `finding` is empty if all is as it should be."""

    case: Case
    words: str
    """Of the refusal; empty if it was read."""
    finding: str
    memory: int
    seconds: float


def cases(number: int, *, seed: int = SEED) -> Iterator[Case]:
    """So many, of each kind in turn."""
    dice = random.Random(seed)
    kinds: Sequence[Callable[[random.Random], Case]] = (
        *(_flipped, _cut, _spliced, _scrambled, _lying, _bomb, _overlapping, _long_lies, _special, _named, _encrypted),
        *(_noise, _wrong_metadata, _odd_template, _odd_text, _wrong_types, _deep, _template_in_zip),
    )
    for position in range(number):
        yield kinds[position % len(kinds)](dice)


def take(case: Case) -> Taken:
    """Read it as an upload is read, and watch."""
    from accounts.errors import RefusedError
    from promotions.systems.snaplogic.accounts_template import NotFilledError

    words = finding = ""
    started = time.monotonic()
    tracemalloc.start()
    try:
        (_use_template if case.is_template else _use_zip)(case.content)
    except (RefusedError, NotFilledError) as refusal:
        words = str(refusal)
        if not words.endswith(".") or not words.isprintable() or len(words) > 2000:
            finding = f"no sentence for people: {words[:200]!r}"
    except Exception as exc:
        finding = f"{type(exc).__name__}: {exc}"
    finally:
        _, memory = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    seconds = time.monotonic() - started
    if case.is_malformed and not words and not finding:
        finding = "was read although it is malformed"
    if memory > MOST_MEMORY:
        finding = finding or f"took {memory / MIB:.0f} MiB"
    if seconds > MOST_SECONDS:
        finding = finding or f"took {seconds:.1f} s"
    return Taken(case, words, finding, memory, seconds)


def _use_zip(content: bytes) -> None:
    from promotions.systems.snaplogic.zips import inventory

    found = inventory(io.BytesIO(content))
    json.dumps(found.as_json()).encode()
    if found.accounts is not None:
        _fill(found.accounts)


def _use_template(content: bytes) -> None:
    from promotions.systems.snaplogic import accounts_template

    template = accounts_template.parse(content)
    accounts_template.masked(content).encode()
    accounts_template.same_shape(template, content)
    _fill(template)


def _fill(template: Any) -> None:
    """Type something into every value, and see it sent and shown."""
    from promotions.systems.snaplogic.accounts_template import file_account, shown_account

    typed = {"number": "7", "flag": "true", "text": "typed", "nothing": ""}
    edits = {node.uuid: {leaf.pointer: typed[leaf.kind] for leaf in node.leaves} for node in template.nodes}
    shown_account(template, edits).encode()
    part = json.loads(file_account(template, edits))
    if edits and not part:
        raise AssertionError("nothing would be sent")


# Zips


def _base(dice: random.Random) -> bytes:
    return dice.choice((exported, streamed))(FILES)


def _flipped(dice: random.Random) -> Case:
    content = bytearray(_base(dice))
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return Case("flipped bits", bytes(content))


def _cut(dice: random.Random) -> Case:
    content = _base(dice)
    return Case("cut off", content[: dice.randrange(len(content))], is_malformed=True)


def _spliced(dice: random.Random) -> Case:
    content = _base(dice)
    first, second = sorted(dice.randrange(len(content)) for _ in range(2))
    return Case(
        "spliced",
        dice.choice(
            (
                content[:first] + content[second:],
                content[:second] + content[first:],
                content[:first] + dice.randbytes(dice.randrange(1, 40)) + content[first:],
                content + content,
            )
        ),
    )


def _scrambled(dice: random.Random) -> Case:
    """A number of one of the headers is another one."""
    content = bytearray(_base(dice))
    signature = dice.choice((b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"))
    start = content.find(signature)
    if dice.random() < 0.5:
        start = content.rfind(signature)
    offset = start + 4 + dice.randrange(16 if signature == b"PK\x05\x06" else 22)
    layout = dice.choice(("<H", "<L"))
    size = struct.calcsize(layout)
    value = dice.choice((*_EXTREMES, dice.getrandbits(8 * size))) & (1 << 8 * size) - 1
    content[offset : offset + size] = struct.pack(layout, value)
    return Case("scrambled header", bytes(content))


def _lying(dice: random.Random) -> Case:
    length = len(b"{}" * 30)
    wrong = dice.choice([value for value in (*_EXTREMES, 59, 61, 10**6) if value != length])
    part = dice.choice(
        (
            Part(b"a.slp", b"{}" * 30, size=wrong),
            Part(b"a.slp", b"{}" * 30, packed_size=wrong),
            Part(b"a.slp", b"{}" * 30, crc=wrong),
            Part(b"a.slp", b"{}" * 30, local_size=wrong),
            Part(b"a.slp", b"{}" * 30, method=0, size=wrong),
            Part(b"a.slp", b"{}" * 30, packed=deflated(b"{}" * 29)),
            Part(b"a.slp", b"{}" * 30, packed=deflated(b"{}" * 30) + b"\0"),
            Part(b"a.slp", b"{}" * 30, flags=8, after=dice.randbytes(16)),
        )
    )
    return Case("lying sizes", zip_of(Part(b"first.slp"), part, Part(b"last.slp")), is_malformed=True)


def _bomb(dice: random.Random) -> Case:
    size = dice.choice((2, 20, 60)) * MIB
    packed = deflated(bytes(size))
    said = dice.choice((size, MIB, 10, 2**32 - 2))
    part = Part(b"a.slp", packed=packed, size=said)
    if dice.random() < 0.3:
        return Case(
            "many names for one", zip_of(*(Part(b"%d.slp" % n, offset=0) for n in range(9000))), is_malformed=True
        )
    return Case("bomb", zip_of(part), is_malformed=True)


def _overlapping(dice: random.Random) -> Case:
    parts = [Part(b"%d.slp" % number, b"{}" * dice.randrange(40)) for number in range(6)]
    parts[dice.randrange(1, 6)].offset = dice.randrange(30)
    return Case("overlapping entries", zip_of(*parts), is_malformed=True)


def _long_lies(dice: random.Random) -> Case:
    number = dice.choice((0, 1, 2**31, 2**32, 2**63, 2**64 - 1))
    field64 = struct.pack("<2H3Q", 1, 24, number, number, number)
    cut = field64[: dice.randrange(4, 28)]
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, number, 1)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, number, number, number, number)
    made = dice.choice(
        (
            zip_of(Part(b"a.slp", size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=dice.choice((field64, cut)))),
            handmade(Whole(parts=[Part(b"a.slp")], before_end=locator)),
            handmade(Whole(parts=[Part(b"a.slp")], before_end=end64 + locator)),
            handmade(Whole(parts=[Part(b"a.slp")], count=0xFFFF, start=0xFFFFFFFF)),
        )
    )
    return Case("zip64 lies", made, is_malformed=True)


def _special(dice: random.Random) -> Case:
    kind = dice.choice((0o120000, 0o010000, 0o020000, 0o040000, 0o060000, 0o140000))
    part = Part(b"a.slp", b"/etc/passwd", attributes=(kind | 0o777) << 16)
    return Case("links and devices", zip_of(Part(b"b.slp"), part), is_malformed=True)


def _named(dice: random.Random) -> Case:
    if dice.random() < 0.3:
        name = dice.randbytes(dice.randrange(1, 60))
        return Case("names of noise", zip_of(Part(b"b.slp"), Part(name, flags=dice.choice((0, 1 << 11)))))
    name = dice.choice(_NAMES).encode()
    return Case("names that lead elsewhere", zip_of(Part(b"b.slp"), Part(name, flags=1 << 11)), is_malformed=True)


def _encrypted(dice: random.Random) -> Case:
    part = Part(
        b"a.slp", dice.randbytes(40), flags=dice.choice((1, 1 | 8, 1 << 6, 1 << 13)), method=dice.choice((0, 8))
    )
    if dice.random() < 0.4:
        part = Part(b"a.slp", dice.randbytes(40), method=dice.choice((1, 6, 9, 12, 14, 93, 98, 99)), packed=b"12")
    return Case("encrypted or packed otherwise", zip_of(part), is_malformed=True)


def _noise(dice: random.Random) -> Case:
    start = dice.choice((b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"<html>", b"{", b"7z\xbc\xaf\x27\x1c", b"MZ"))
    content = start + dice.randbytes(dice.choice((0, 3, 50, 5000)))
    return Case("noise", content + dice.choice((b"", b"PK\x05\x06" + bytes(18))), is_malformed=True)


# JSON


def _value(dice: random.Random, depth: int = 0) -> Any:
    if depth < 4 and dice.random() < 0.5:
        names = (
            "value",
            "property_map",
            "name",
            "id",
            "password",
            "asset_type",
            "assets",
            "path",
            "\x00",
            "ü",
            "a/b~c",
            "",
        )
        if dice.random() < 0.6:
            return {dice.choice(names): _value(dice, depth + 1) for _ in range(dice.randrange(5))}
        return [_value(dice, depth + 1) for _ in range(dice.randrange(5))]
    return dice.choice(
        (None, True, False, 0, -1, 2**70, 1e308, "", "text", "ENC(abc)", "\x00", "\u202e", "😀", "9" * 400)
    )


def _mutated(dice: random.Random, document: Any) -> Any:
    """The same with something else at one place."""
    copy = json.loads(json.dumps(document))
    here = copy
    while True:
        places = list(here) if isinstance(here, dict) else list(range(len(here)))
        place = dice.choice(places)
        if isinstance(here[place], dict | list) and here[place] and dice.random() < 0.8:
            here = here[place]
            continue
        here[place] = _value(dice)
        return copy


def _wrong_metadata(dice: random.Random) -> Case:
    document = _mutated(dice, json.loads(FILES["export.json"])) if dice.random() < 0.7 else _value(dice)
    return Case("wrong metadata", exported({**FILES, "export.json": json.dumps(document).encode()}))


def _wrong_types(dice: random.Random) -> Case:
    document: Any = TEMPLATE
    for _ in range(dice.choice((1, 2, 5))):
        document = _mutated(dice, document)
    return Case("wrong types in a template", json.dumps(document).encode(), is_template=True)


def _odd_template(dice: random.Random) -> Case:
    return Case("odd template", json.dumps(_value(dice)).encode(), is_template=True)


def _odd_text(dice: random.Random) -> Case:
    """Text that is no JSON, or JSON of which parsers think differently."""
    content = bytearray(FILES["accounts_template.json"])
    odd = (
        b"NaN",
        b"-Infinity",
        b"1e999999",
        b"9" * 5000,
        b"01",
        b'"\\ud800"',
        b"\xff\xfe",
        b"'x'",
        b"\x00",
        b"{,}",
        b"//",
    )
    position = content.find(b"5432")
    content[position : position + 4] = dice.choice(odd)
    made = bytes(content)
    if dice.random() < 0.3:
        made = made.replace(b'"portNumber"', b'"password"')  # twice in one object
        return Case("one name twice", made, is_template=True, is_malformed=True)
    if dice.random() < 0.3:
        return Case("cut template", made[: dice.randrange(1, len(made) - 1)], is_template=True, is_malformed=True)
    return Case("odd text", made, is_template=True)


def _deep(dice: random.Random) -> Case:
    depth = dice.choice((101, 1000, 200_000))
    opening, closing = dice.choice(((b"[", b"]"), (b'{"value":', b"}")))
    if depth == 200_000 and dice.random() < 0.5:
        closing = b""
    content = opening * depth + b"1" + closing * depth
    return Case("deep JSON", content, is_template=True, is_malformed=True)


def _template_in_zip(dice: random.Random) -> Case:
    inner = dice.choice((_odd_template, _odd_text, _wrong_types, _deep))(dice)
    return Case("template in a zip", exported({**FILES, "accounts_template.json": inner.content}))


def main() -> int:
    os.environ.setdefault("TOWPATH_MODE", "development")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    parser = argparse.ArgumentParser(description="Feed malformed zips and templates to what reads them.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--number", type=int, default=2000)
    chosen = parser.parse_args()
    refused: Counter[str] = Counter()
    read: Counter[str] = Counter()
    findings = memory = 0
    started = time.monotonic()
    for position, case in enumerate(cases(chosen.number, seed=chosen.seed)):
        taken = take(case)
        (refused if taken.words else read)[case.kind] += 1
        memory = max(memory, taken.memory)
        if taken.finding:
            findings += 1
            print(f"FINDING {position} ({case.kind}): {taken.finding}")  # noqa: T201  (a script)
    for kind in sorted(refused | read):
        print(f"{kind:<32} refused {refused[kind]:>5}, read {read[kind]:>5}")  # noqa: T201
    print(  # noqa: T201
        f"seed {chosen.seed}: {chosen.number} in {time.monotonic() - started:.0f} s, {memory / MIB:.0f} MiB at most, "
        f"{findings} findings"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
