"""What a service says about itself: the single source for wiring, charts, policies and tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manifest:
    """Facts about one service; importing it has no side effect.

    `public`: path prefixes served to the outside. `calls`: services it calls (edges: URL, token, network policy).
    `emits`: event types it writes to its outbox. `consumes`: (service, event type) pairs it keeps an inbox for;
    a type that ends in `*` matches by its beginning.
    """

    name: str
    task: str
    version: str = "0.1.0"
    public: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    consumes: tuple[tuple[str, str], ...] = ()

    def wants(self, emitter: str, event_type: str) -> bool:
        return any(
            service == emitter and (wanted == event_type or (wanted.endswith("*") and event_type.startswith(wanted[:-1])))
            for service, wanted in self.consumes
        )


def callers_of(name: str, manifests: tuple[Manifest, ...]) -> frozenset[str]:
    """The services whose manifest gives them an edge to `name`: nobody else is admitted."""
    return frozenset(manifest.name for manifest in manifests if name in manifest.calls)
