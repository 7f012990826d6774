"""Answers for browsers: a page in place of an error's envelope, and redirects."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from farthing.kit.call import Response
from farthing.kit.errors import ApiError

if TYPE_CHECKING:
    from farthing.checkout.pages import Pages
    from farthing.kit.call import Call

Route = Callable[..., Awaitable[Response]]


def page(pages: Pages) -> Callable[[Route], Route]:
    """Show what a route raises as a page that says what to do now."""

    def shown(route: Route) -> Route:
        @functools.wraps(route)
        async def guarded(call: Call, **arguments: str) -> Response:
            try:
                return await route(call, **arguments)
            except ApiError as error:
                return pages.problem(error, call.debug_id, _form_of(call))

        return guarded

    return shown


def redirect(address: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Response:
    """See other: a GET of `address`, which is ASCII, follows; nobody keeps the answer."""
    return Response(
        303, b"", [(b"location", address.encode()), (b"cache-control", b"no-store"), (b"referrer-policy", b"same-origin"), *headers]
    )


def _form_of(call: Call) -> str | None:
    """Where the page with the form of this post is."""
    if call.method != "POST":
        return None
    query = call.query_string.decode("latin-1")
    return call.path.rpartition("/")[0] + (f"?{query}" if query else "")
