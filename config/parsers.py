"""Reading the bodies of REST requests."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser, MultiPartParser


class BodyTooLargeError(APIException):
    status_code = 413
    default_detail = "The body is too large. Send less at a time."


class JsonParser(JSONParser):
    """JSON of bounded size and depth, and of text that can be stored.

    Without the bounds one request could fill the memory or overflow the stack; half of a surrogate pair is no text,
    and even the answer that refuses it could not be written.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError
        try:
            found = super().parse(BytesIO(body), media_type, parser_context)
            if b"\\ud" in body.lower():
                json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as exc:
            raise ParseError("The body is nested too deeply.") from exc
        except UnicodeEncodeError as exc:
            raise ParseError("The body holds half of a surrogate pair, which is no character.") from exc
        return found


class UploadParser(MultiPartParser):
    """Forms with files. What arrived of one that is not whole, or too large, is removed."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except BaseException:
            for handler in (parser_context or {})["request"].upload_handlers:
                handler.upload_interrupted()
            raise
