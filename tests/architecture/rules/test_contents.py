from __future__ import annotations

import pytest

from tests.architecture.rules.contents import machine_paths, registry_addresses, too_large


def path(*parts: str) -> str:
    """An absolute path, put together so that this file does not contain it."""
    return "/" + "/".join(parts)


def host(*parts: str) -> str:
    return ".".join(parts)


class TestMachinePaths:
    @pytest.mark.parametrize("found", [path("root", "x"), path("home", "ann", "x"), path("Users", "ann"), f"C:\\{'Users'}\\ann"])
    def test_refuses_homes(self, found: str) -> None:
        (problem,) = machine_paths("a.md", f"one\nsee {found} there", [])
        assert problem.startswith("a.md:2: ")
        assert problem.endswith("exists on one machine only: make the path relative, or let the caller give it")

    def test_refuses_the_given_places(self) -> None:
        assert machine_paths("a.md", 'open("/builds/farthing/x")', ["/builds/farthing"]) == [
            "a.md:1: '/builds/farthing' exists on one machine only: make the path relative, or let the caller give it"
        ]

    @pytest.mark.parametrize(
        "text",
        [f"https://example.com{path('home', 'x')}", f"docs{path('root', 'x')}", "/homework/x", "~/x", "../shared/x", "/builds/farthingale"],
    )
    def test_allows_addresses_relative_paths_and_longer_names(self, text: str) -> None:
        assert machine_paths("a.md", text, ["/builds/farthing"]) == []


class TestRegistryAddresses:
    @pytest.mark.parametrize(
        "found",
        [
            host("pypi", "org"),
            host("files", "pythonhosted", "org"),
            host("registry", "npmjs", "org"),
            host("registry", "yarnpkg", "com"),
            host("proxy", "golang", "org"),
            host("crates", "io"),
        ],
    )
    def test_refuses_them(self, found: str) -> None:
        (problem,) = registry_addresses("package-lock.json", f"\n  https://{found}/x")
        assert problem.startswith("package-lock.json:2: ")
        assert problem.endswith("is a package registry: leave it to pip's and npm's configuration")

    def test_allows_other_addresses(self) -> None:
        assert registry_addresses("README.md", "https://www.postgresql.org https://example.com npm pip") == []


class TestTooLarge:
    def test_allows_a_megabyte(self) -> None:
        assert too_large("a.json", 1_000_000) == []

    def test_refuses_more(self) -> None:
        assert too_large("a.json", 1_000_001) == [
            "a.json: 1000001 bytes, at most 1000000: make it by a tool, or compress what must be kept"
        ]
