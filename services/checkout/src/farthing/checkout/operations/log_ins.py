"""Log in with an account of this platform: the authorization-code flow of an app (RFC 6749, section 4.1; wire contract, section 7.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pydantic import ValidationError

from farthing.checkout.domain import can_be_left_for, with_parameters
from farthing.checkout.errors import RequestUnusable
from farthing.clients.identity.errors import AppNotFound
from farthing.clients.identity.models import NewCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from farthing.checkout.operations.sign_ins import Payer
    from farthing.clients.accounts.client import AccountsClient
    from farthing.clients.identity.client import IdentityClient


@dataclass(frozen=True, slots=True)
class LogIn:
    """What an app asks for, once it is known that the user can be sent back to it. `refused`: its own address, with access_denied."""

    client_id: str
    app_name: str
    business: str
    scope: str
    redirect_uri: str
    state: str | None
    nonce: str | None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(word.rpartition("/")[2] for word in self.scope.split())

    @property
    def refused(self) -> str:
        return self.back(error="access_denied")

    def back(self, **answer: str) -> str:
        return with_parameters(self.redirect_uri, **answer, **({} if self.state is None else {"state": self.state}))


class LogIns:
    """Codes for apps.

    Apps have no registered addresses yet: the page names where the user will be sent, which is enough for a sandbox and not for live
    money (an attacker could have a victim's code sent to himself), so live mode refuses.
    """

    def __init__(self, identity: IdentityClient, accounts: AccountsClient, new_secret: Callable[[], str], *, sandbox: bool) -> None:
        self._identity, self._accounts, self._new_secret, self._sandbox = identity, accounts, new_secret, sandbox

    async def asked(self, query: Mapping[str, str]) -> LogIn:
        """Read an app's request. Raises RequestUnusable: then nobody knows where the user may be sent."""
        if not self._sandbox:
            _refuse("Logging in to other sites is offered in the sandbox only.")
        redirect_uri = query.get("redirect_uri", "")
        if not can_be_left_for(redirect_uri) or "#" in redirect_uri:
            _refuse("The site gave no usable redirect_uri.")
        if query.get("response_type", "code") != "code":
            _refuse("The site asks for a response_type other than code.")
        try:
            app = await self._identity.app(query.get("client_id", ""))
        except AppNotFound:
            _refuse("The site gave a client_id that nobody has.")
        business = await self._accounts.get(app.account_id)
        scope = query.get("scope") or "openid"
        return LogIn(
            app.client_id, app.name, business.business_name or business.email, scope, redirect_uri, query.get("state"), query.get("nonce")
        )

    async def agree(self, asked: LogIn, payer: Payer) -> str:
        """Answer the app's address with a code. Raises RequestUnusable."""
        try:
            new = NewCode(
                account_id=payer.account.id,
                client_id=asked.client_id,
                scope=asked.scope,
                redirect_uri=asked.redirect_uri,
                nonce=asked.nonce,
            )
        except ValidationError:
            _refuse("The site sent a parameter that is too long.")
        code = await self._identity.issue_code(new, key=self._new_secret())
        return asked.back(code=code.code)


def _refuse(reason: str) -> NoReturn:
    raise RequestUnusable(reason)
