"""Answers for browsers: a page in place of an error's envelope, and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from farthing.kit.call import Response, error_response

if TYPE_CHECKING:
    from farthing.checkout.pages import Pages
    from farthing.kit.call import Call
    from farthing.kit.errors import ApiError


def in_pages(pages: Pages) -> Callable[[Call, ApiError], Response]:
    """Say an error to a browser as a page that says what to do now, and to a program as its envelope."""

    def said(call: Call, error: ApiError) -> Response:
        if "text/html" not in (call.header("accept") or ""):
            return error_response(call, error)
        return pages.problem(error, call.debug_id, _form_of(call))

    return said


def redirect(address: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Response:
    """See other: a GET of `address`, which is ASCII, follows; nobody keeps the answer."""
    return Response(
        303, b"", [(b"location", address.encode()), (b"cache-control", b"no-store"), (b"referrer-policy", b"same-origin"), *headers]
    )


def _form_of(call: Call) -> str | None:
    """Where the page with the form of this post is."""
    if call.method != "POST" or not call.route:
        return None
    query = call.query_string.decode("latin-1")
    return call.path.rpartition("/")[0] + (f"?{query}" if query else "")
