"""Ids in a text file or CSV, as exports of the platform and spreadsheets write them."""

import csv
import io
import re

_SEPARATOR = re.compile(r"[,;\t]")
_QUOTED = re.compile(r'"[^"]*"')
_HEADERS = frozenset({"id", "ids", "offer id", "offerid", "decision id", "decisionid"})


def first_column(text: str) -> list[str]:
    """The first cell of each row that has one, without the header.

    Raises ValueError, with a sentence, for quotes that do not close: rows would be lost in them.
    """
    found = _SEPARATOR.search(_QUOTED.sub("", text))
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=found[0] if found else ",", skipinitialspace=True, strict=True
    )
    try:
        # Some files separate with more than one of these, and no id contains any.
        cells = [_SEPARATOR.split(row[0], maxsplit=1)[0].strip() for row in rows if row]
    except csv.Error as exc:
        raise ValueError(f"Line {rows.line_num} is no CSV: {exc}. Check its quotes.") from exc
    ids = [cell for cell in cells if cell]
    return ids[1:] if ids and ids[0].replace("_", " ").casefold() in _HEADERS else ids
