"""import-linter's contracts catch what they are there for: each is shown a tree that breaks it.

The tree has every portion of the namespace, empty but for what a test plants; the contracts are those of the root pyproject.toml.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, configuration, members

LINT = Path(sys.executable).with_name("lint-imports")
CONTRACTS = len(configuration()["tool"]["importlinter"]["contracts"])
SOUND = {
    "kit/db.py": "import asyncpg",
    "kit/migrations.py": "import asyncpg",
    "standalone/migration.py": "import asyncpg\nfrom farthing.kit import migrations",
    "standalone/broker.py": "import nats",
    "standalone/main.py": "from farthing.standalone import broker",
    "orders/__main__.py": "from farthing.standalone import main\nfrom farthing.orders import service",
    "kit/clock.py": "from farthing.money import amount",
    "money/amount.py": "",
    "clients/ledger/client.py": "from farthing.kit import clock",
    "orders/service.py": "from farthing.orders import api, repository, settings",
    "orders/api.py": "import fastapi\nfrom farthing.orders import operations\nfrom farthing.clients.ledger import client",
    "orders/operations.py": "from farthing.orders import domain, repository\nfrom farthing.clients.ledger import client",
    "orders/repository.py": "from farthing.kit import db\nfrom farthing.orders import domain",
    "orders/domain.py": "from farthing.orders import errors\nfrom farthing.money import amount",
    "orders/errors.py": "from farthing.kit import clock",
    "orders/settings.py": "",
    "observer/gateways/watches.py": "import kubernetes",
    "embedded/cli.py": "import asyncpg\nfrom farthing.orders import service",
}
PLANTED = {
    "kit/relay.py": ("import farthing.clients.ledger", "farthing.kit.relay -> farthing.clients.ledger"),
    "money/ids.py": ("import farthing.kit.clock", "farthing.money.ids -> farthing.kit.clock"),
    "clients/vault/client.py": ("import farthing.clients.ledger", "farthing.clients.vault.client -> farthing.clients.ledger"),
    "clients/vault/models.py": ("import farthing.vault", "farthing.clients.vault.models -> farthing.vault"),
    "vault/gateways/bank.py": ("import farthing.ledger", "farthing.vault.gateways.bank -> farthing.ledger"),
    "vault/api.py": ("import farthing.vault.repository", "farthing.vault.api -> farthing.vault.repository"),
    "vault/handlers.py": ("import farthing.vault.api", "farthing.vault.handlers -> farthing.vault.api"),
    "vault/repository/cards.py": ("import farthing.clients.ledger", "farthing.vault.repository.cards -> farthing.clients.ledger"),
    "vault/domain.py": ("import farthing.clients.ledger", "farthing.vault.domain -> farthing.clients.ledger"),
    "webhooks/domain/states.py": ("import fastapi", "farthing.webhooks.domain.states -> fastapi"),
    "webhooks/errors.py": ("import farthing.webhooks.domain", "farthing.webhooks.errors -> farthing.webhooks.domain"),
    "webhooks/operations.py": ("import asyncpg", "farthing.webhooks.operations -> asyncpg"),
    "webhooks/utils.py": ("", "- farthing.webhooks.utils"),
    "kit/here.py": ("import farthing.kit.there", "No cycles are allowed in farthing.kit"),
    "standalone/keys.py": ("import farthing.clients.vault", "farthing.standalone.keys -> farthing.clients.vault"),
    "webhooks/gateways/cluster.py": ("import kubernetes", "farthing.webhooks.gateways.cluster -> kubernetes"),
    "standalone/listening.py": ("import nats", "farthing.standalone.listening -> nats"),
    "accounts/service.py": ("import farthing.standalone.keys", "farthing.accounts.service -> farthing.standalone.keys"),
    "kit/there.py": ("import farthing.kit.here", "No cycles are allowed in farthing.kit"),
}


def lint(folder: Path, files: dict[str, str]) -> tuple[int, str]:
    for member in members():
        package = folder / member.portion.replace(".", "/")
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    for name, source in files.items():
        path = folder / "farthing" / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(source + "\n")
    command: list[str | Path] = [LINT, "--config", ROOT / "pyproject.toml", "--no-cache"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "COLUMNS": "200"}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout


def test_a_sound_tree_keeps_every_contract(tmp_path: Path) -> None:
    status, output = lint(tmp_path, SOUND)
    assert (status, output.count("KEPT"), output.count("BROKEN")) == (0, CONTRACTS, 0)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    return lint(tmp_path_factory.mktemp("planted"), SOUND | {name: source for name, (source, _) in PLANTED.items()})


def test_every_contract_is_broken_by_what_is_planted(broken: tuple[int, str]) -> None:
    status, output = broken
    assert (status, output.count("KEPT"), output.count("BROKEN")) == (1, 0, CONTRACTS)


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_import_is_reported(name: str, broken: tuple[int, str]) -> None:
    assert PLANTED[name][1] in broken[1]
