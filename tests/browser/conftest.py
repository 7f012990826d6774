from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.store import Store
from tests.browser.watch import Shop, Stranger, Watched
from tests.process import FarthingProcess

ARGUMENTS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
    --disable-sync"""


@pytest.fixture(scope="session")
def farthing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The platform's address."""
    process = FarthingProcess(tmp_path_factory.mktemp("farthing"), "--ephemeral")
    yield process.start()
    process.stop()


@pytest.fixture
def shop(farthing: str) -> Iterator[Shop]:
    """A merchant's backend; the platform is back at its seed."""
    found = Shop(farthing)
    found.control("reset")
    yield found
    found.close()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Per module, since its event loop stands in the way of asynchronous tests elsewhere."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS.split())
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser for somebody new (options as of Playwright's new_context); what its consoles say against the pages fails the test."""
    opened: list[Watched] = []

    def new(complaint: str | None = None, **options: object) -> BrowserContext:
        watched = Watched(browser.new_context(**options), complaint)  # type: ignore[arg-type]
        opened.append(watched)
        return watched.context

    yield new
    for watched in opened:
        watched.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    found = Stranger()
    yield found
    found.close()


@pytest.fixture(scope="session")
def open_shop(farthing: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The example store as a process of its own, with everything that it gets and sends recorded."""
    opened = Store(farthing, tmp_path_factory.mktemp("store"))
    yield opened
    opened.close()


@pytest.fixture
def store(open_shop: Store, shop: Shop) -> Store:
    """The store, with nothing heard yet, and the platform at its seed."""
    open_shop.forget()
    return open_shop


@pytest.fixture(scope="session")
def screenshot() -> Callable[[object, str], None]:
    """Write a picture for the documentation, when a run is asked to."""
    folder = os.environ.get("FARTHING_SCREENSHOTS")

    def shoot(page: object, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png")  # type: ignore[attr-defined]

    return shoot
