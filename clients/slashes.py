"""Paths with and without a slash at the end: Adobe's samples write both, and some servers know only one of them."""

import httpx

from clients.answers import Answer


def slash_twin(method: str, url: str, answer: Answer) -> str | None:
    """The URL with a slash at its end, if the answer only says that there is no such route without one.

    Nothing has acted on such a request, so that a write may go there, too; and it is the same host, so that no secret
    is led away.
    """
    plain = httpx.URL(url)
    if plain.path.endswith("/"):
        return None
    if answer.status == 404:
        problem = answer.problem
        is_asked = problem.is_html or problem.words.rstrip(".").lower() == "not found"
    else:
        keeps_method = (301, 302, 307, 308) if method == "GET" else (307, 308)
        is_asked = answer.status in keeps_method and _leads_to(plain, answer.headers.get("location"), f"{url}/")
    return f"{url}/" if is_asked else None


def _leads_to(url: httpx.URL, location: str | None, twin: str) -> bool:
    if not location:
        return False
    try:
        return url.join(location).copy_with(query=None, fragment=None) == httpx.URL(twin)
    except httpx.InvalidURL:
        return False
