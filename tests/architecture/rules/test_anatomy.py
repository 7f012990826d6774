from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.rules.anatomy import missing_parts, unlisted_modules


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The smallest service."""
    package = tmp_path / "ledger"
    (package / "operations").mkdir(parents=True)
    (package / "migrations").mkdir()
    for name in ("__init__.py", "__main__.py", "service.py", "api.py", "operations/__init__.py", "operations/post.py", "py.typed"):
        (package / name).touch()
    return package


class TestMissingParts:
    def test_allows_packages_in_place_of_files(self, ledger: Path) -> None:
        assert missing_parts(ledger) == []

    def test_names_what_is_missing(self, ledger: Path) -> None:
        (ledger / "api.py").unlink()
        (ledger / "py.typed").unlink()
        assert missing_parts(ledger) == [
            "ledger: api.py is missing: see the anatomy of a service",
            "ledger: py.typed is missing: without it its types are not checked elsewhere",
        ]


class TestUnlistedModules:
    def test_allows_the_anatomy_and_what_is_listed(self, ledger: Path) -> None:
        (ledger / "seal.py").touch()
        assert unlisted_modules(ledger, {"seal": "the hash chain"}) == []

    def test_refuses_other_files_and_packages(self, ledger: Path) -> None:
        (ledger / "seal.py").touch()
        (ledger / "proofs").mkdir()
        (ledger / "proofs/__init__.py").touch()
        where = "is not in the anatomy: put it where it belongs, or list it in [tool.farthing.extra-modules] ledger"
        assert unlisted_modules(ledger, {}) == [f"ledger: proofs {where}", f"ledger: seal {where}"]

    def test_refuses_entries_that_are_stale_or_give_no_reason(self, ledger: Path) -> None:
        (ledger / "seal.py").touch()
        assert unlisted_modules(ledger, {"seal": " ", "gone": "once"}) == [
            "ledger: gone does not exist: remove it from [tool.farthing.extra-modules] ledger",
            "ledger: seal has no reason: write it in [tool.farthing.extra-modules] ledger",
        ]
