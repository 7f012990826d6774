"""`farthing admin`: through the control API of a running sandbox, or straight into the database in live mode."""

from __future__ import annotations

import os
import re
import sys
from getpass import getpass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from farthing.embedded.cli.failure import Failure

_KINDS = ("personal", "business")


class Where(NamedTuple):
    """The database of live mode."""

    data_dir: Path
    database_url: str | None


def create_account(where: Where, email: str, kind: str, country: str, business_name: str | None) -> None:
    if kind not in _KINDS:
        raise Failure(f"--kind is {kind!r}: use personal or business", 2)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Failure(f"EMAIL is {email!r}: use an address such as name@example.com", 2)
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise Failure(f"--country is {country!r}: use a code of two capital letters such as US", 2)
    password = os.environ.get("FARTHING_PASSWORD") or getpass("password for the account: ")
    wanted: dict[str, Any] = {"email": email, "kind": kind, "country": country}
    if kind == "business":
        wanted["business_name"] = business_name or email
    found = _live_account(where, wanted, password) if _live() else _remote("accounts", {**wanted, "password": password})
    sys.stdout.write(f"{found['id']} {found['email']} ({found['kind']})\n")


def create_app(where: Where, account: str) -> None:
    found = _live_app(where, account) if _live() else _remote("apps", {"account": account})
    sys.stdout.write(f"client id      {found['client_id']}\nclient secret  {found['client_secret']}\n")


def _live() -> bool:
    return os.environ.get("FARTHING_MODE") == "live"


def _remote(path: str, body: dict[str, Any]) -> dict[str, Any]:
    from farthing.embedded.cli import remote  # noqa: PLC0415

    return dict(remote.call("POST", path, body))


def _live_account(where: Where, wanted: dict[str, Any], password: str) -> dict[str, Any]:
    from farthing.clients.accounts.models import NewAccount  # noqa: PLC0415
    from farthing.embedded.cli import direct, serve  # noqa: PLC0415

    try:
        new = NewAccount.model_validate(wanted)
    except ValidationError as error:
        field = "/".join(str(part) for part in error.errors()[0]["loc"])
        raise Failure(f"{field} is {wanted.get(field)!r}: that cannot be used, see farthing admin create-account --help", 2) from None
    with serve.postgres(_options(where), seeded=False) as server:
        return direct.create_account(server, where.database_url, new, password).model_dump(mode="json")


def _live_app(where: Where, account: str) -> dict[str, Any]:
    from farthing.embedded.cli import direct, serve  # noqa: PLC0415

    with serve.postgres(_options(where), seeded=False) as server:
        return direct.create_app(server, where.database_url, account).model_dump(mode="json")


def _options(where: Where) -> Any:  # noqa: ANN401 - imported only in live mode
    from farthing.embedded.cli import serve  # noqa: PLC0415

    return serve.Options(0, "127.0.0.1", where.data_dir, where.database_url, None)
