"""What identity says about itself, and how it is put together."""

from __future__ import annotations

import secrets

from farthing.clients.accounts.client import AccountsClient
from farthing.identity.api.internal import add_internal_routes
from farthing.identity.api.public import add_public_routes
from farthing.identity.operations.apps import Apps
from farthing.identity.operations.keys import Keys
from farthing.identity.operations.profiles import Profiles
from farthing.identity.operations.tokens import Tokens
from farthing.identity.operations.users import Users
from farthing.identity.repository import Repository
from farthing.identity.settings import IdentitySettings
from farthing.kit.api import Api
from farthing.kit.clock import real_now
from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service

MANIFEST = Manifest(
    name="identity",
    task="Authenticates users and apps: credentials, sessions, tokens and the keys that sign them.",
    public=("/v1/oauth2", "/v1/identity", "/.well-known/openid-configuration"),
    calls=("accounts",),
)


def build(host: Host) -> Service:
    """Put the service together."""
    settings, sandbox = host.settings, host.settings.sandbox
    repository = Repository(host.database)
    keys = Keys(repository, IdentitySettings.of(settings), host.clock, sandbox=sandbox)
    apps = Apps(repository, keys, host.clock, host.ids)
    users = Users(repository, host.clock, real_now, _secret, sandbox=sandbox)
    tokens = Tokens(repository, keys, apps, settings.public_url, real_now, _secret)
    profiles = Profiles(AccountsClient(host.link("accounts")), settings.public_url)
    api = Api("identity")
    add_public_routes(api, tokens, keys, profiles, host.apps)
    add_internal_routes(api, users, apps, tokens)
    return Service(api=api, forget=apps.forget, start=keys.load)


def _secret() -> str:
    """256 bits from the operating system: never from the seeded ids of a deterministic sandbox."""
    return secrets.token_urlsafe(32)
