from __future__ import annotations

import pytest

from tests.architecture.rules.imports import undeclared_members, undeclared_third_parties

PORTIONS = {"farthing.kit": "farthing-kit", "farthing.ledger": "farthing-ledger", "farthing.clients.ledger": "farthing-ledger-client"}
DISTRIBUTIONS = {"aiohttp": ["aiohttp"], "jwt": ["pyjwt"]}


class TestUndeclaredMembers:
    @pytest.mark.parametrize(
        "source",
        [
            "import farthing.clients.ledger",
            "import farthing.clients.ledger.models as m",
            "from farthing.clients.ledger.client import Ledger",
            "from farthing.clients import ledger",
            "def f():\n    from farthing.clients.ledger import x",
        ],
    )
    def test_refuses_every_form_of_import(self, source: str) -> None:
        line = 2 if source.startswith("def") else 1
        assert undeclared_members("a.py", source, {"farthing-kit", "farthing-ledger"}, PORTIONS) == [
            f"a.py:{line}: imports farthing.clients.ledger: declare farthing-ledger-client in its pyproject.toml, or do without"
        ]

    def test_allows_what_is_declared(self) -> None:
        assert undeclared_members("a.py", "from farthing.clients.ledger import x", {"farthing-ledger-client"}, PORTIONS) == []

    def test_does_not_mistake_one_name_for_the_beginning_of_another(self) -> None:
        assert undeclared_members("a.py", "import farthing.kitchen", set(), PORTIONS) == []


class TestUndeclaredThirdParties:
    def test_refuses_what_is_not_declared(self) -> None:
        assert undeclared_third_parties("a.py", "import jwt\nfrom aiohttp import web", {"aiohttp"}, DISTRIBUTIONS) == [
            "a.py:1: imports jwt: declare pyjwt in its pyproject.toml"
        ]

    def test_refuses_what_is_not_even_installed(self) -> None:
        assert undeclared_third_parties("a.py", "import nothing", set(), DISTRIBUTIONS) == [
            "a.py:1: imports nothing: declare what brings nothing in its pyproject.toml"
        ]

    def test_names_the_module_where_several_distributions_share_a_name(self) -> None:
        shared = {"opentelemetry": ["opentelemetry-api", "opentelemetry-sdk"]}
        source = "from opentelemetry.sdk import trace\nimport opentelemetry.trace"
        assert undeclared_third_parties("a.py", source, {"opentelemetry-sdk"}, shared) == []
        assert undeclared_third_parties("a.py", source, set(), shared) == [
            "a.py:1: imports opentelemetry: declare what brings opentelemetry.sdk.trace in its pyproject.toml"
        ]

    def test_allows_the_standard_library_and_our_own(self) -> None:
        assert undeclared_third_parties("a.py", "import os.path\nfrom farthing.kit import clock", set(), DISTRIBUTIONS) == []
