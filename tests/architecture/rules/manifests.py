"""Manifests agree with each other and with what the services declare."""

from __future__ import annotations

from collections.abc import Mapping

from farthing.kit.manifest import Manifest


def client_distribution(service: str) -> str:
    return f"farthing-{service}-client"


def client_dependencies(manifest: Manifest, declared: set[str]) -> list[str]:
    """The declared clients are those of the services it calls, of those whose events it consumes, and its own."""
    wanted = {client_distribution(name) for name in (*manifest.calls, *(emitter for emitter, _ in manifest.consumes), manifest.name)}
    found = {name for name in declared if name.startswith("farthing-") and name.endswith("-client")}
    where = f"services/{manifest.name}/pyproject.toml"
    return [f"{where}: {name} is missing: the manifest calls it or consumes its events" for name in sorted(wanted - found)] + [
        f"{where}: {name} is not used: the manifest neither calls it nor consumes its events" for name in sorted(found - wanted)
    ]


def standing_beside(manifest: Manifest, manifests: Mapping[str, Manifest]) -> list[str]:
    """A service beside the platform is no part of its graph: it calls nobody, nobody calls it, and no event comes or goes."""
    graph = {"calls": manifest.calls, "emits": manifest.emits, "consumes": manifest.consumes}
    found = [f"{manifest.name}: it exists on a cluster only, so it cannot have {field}" for field, values in graph.items() if values]
    return found + [
        f"{other.name}: calls {manifest.name}, which exists on a cluster only"
        for other in manifests.values()
        if manifest.name in other.calls
    ]


def contradictions(manifests: Mapping[str, Manifest]) -> list[str]:
    """Names are folders, calls go to other services, public paths belong to one service, consumed events are emitted."""
    found: list[str] = []
    owners: dict[str, str] = {}
    for folder, manifest in manifests.items():
        found += _own_contradictions(folder, manifest, set(manifests))
        for prefix in manifest.public:
            if owners.setdefault(prefix, folder) != folder:
                found.append(f"{folder}: {prefix} is public in {owners[prefix]} too: a path belongs to one service")
        found += _deaf_ears(manifest, manifests)
    return found


def _own_contradictions(folder: str, manifest: Manifest, known: set[str]) -> list[str]:
    found = []
    if manifest.name != folder:
        found.append(f"{folder}: the manifest's name is {manifest.name!r}: a service is named like its folder")
    found += [f"{folder}: calls {name!r}, which is no other service" for name in manifest.calls if name not in known - {folder}]
    found += [f"{folder}: the public path {prefix!r} does not begin with /" for prefix in manifest.public if not prefix.startswith("/")]
    for field, values in (
        ("calls", manifest.calls),
        ("public", manifest.public),
        ("emits", manifest.emits),
        ("consumes", manifest.consumes),
    ):
        if len(set(values)) != len(values):
            found.append(f"{folder}: {field} names something twice")
    return found


def _deaf_ears(manifest: Manifest, manifests: Mapping[str, Manifest]) -> list[str]:
    found = []
    for emitter, wanted in manifest.consumes:
        emitted = manifests[emitter].emits if emitter in manifests else ()
        if not any(kind == wanted or (wanted.endswith("*") and kind.startswith(wanted[:-1])) for kind in emitted):
            found.append(f"{manifest.name}: consumes {wanted} of {emitter}, which emits no such event")
    return found
