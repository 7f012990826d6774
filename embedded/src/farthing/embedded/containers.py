"""What the container of a service needs beyond its manifest: secrets of its own, and a way out of the cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from farthing.kit.manifest import callers_of

if TYPE_CHECKING:
    from farthing.kit.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Secret:
    """One key of the service's own secret.

    `variable` holds its value, or with `file` the path of a file that holds it. `needed`: in live mode alone, or always.
    """

    key: str
    variable: str
    file: bool = False
    needed: Literal["live", "always"] = "live"


@dataclass(frozen=True, slots=True)
class Container:
    """`outside`: it calls addresses that strangers name."""

    outside: bool = False
    secrets: tuple[Secret, ...] = ()


_PLAIN: Final = Container()
CONTAINERS: Final = {
    "identity": Container(secrets=(Secret("signing-key.pem", "FARTHING_IDENTITY_SIGNING_KEY_FILE", file=True),)),
    "vault": Container(secrets=(Secret("vault-key", "FARTHING_VAULT_KEY_FILE", file=True),)),
    "webhooks": Container(
        outside=True,
        secrets=(
            Secret("tls.key", "FARTHING_WEBHOOKS_KEY_FILE", file=True),
            Secret("tls.crt", "FARTHING_WEBHOOKS_CERTIFICATE_FILE", file=True),
        ),
    ),
    "console": Container(secrets=(Secret("operator-token", "FARTHING_OPERATOR_TOKEN", needed="always"),)),
}


def service_map(manifests: tuple[Manifest, ...]) -> dict[str, dict[str, Any]]:
    """The facts that chart, policies and routes are made from, by service; `callers` is who has an edge to it."""
    found: dict[str, dict[str, Any]] = {}
    for manifest in manifests:
        facts = asdict(manifest)
        del facts["name"]
        facts["callers"] = sorted(callers_of(manifest.name, manifests))
        facts["container"] = asdict(CONTAINERS.get(manifest.name, _PLAIN))
        found[manifest.name] = facts
    return found
