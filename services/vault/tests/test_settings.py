"""Where the key of all card data comes from."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from farthing.kit.settings import Settings
from farthing.vault.settings import configured_key

KEY = bytes(range(32))
NAME = "FARTHING_VAULT_KEY_FILE"


def test_the_file_holds_it_in_base64(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(base64.b64encode(KEY) + b"\n")
    for settings in (Settings(mode="live", environment={NAME: str(tmp_path / "key")}), Settings(environment={NAME: str(tmp_path / "key")})):
        assert configured_key(settings) == KEY


def test_only_live_mode_needs_one() -> None:
    assert configured_key(Settings()) is None
    with pytest.raises(ValueError, match=f"^{NAME} is not set: live mode needs a file with 32 random bytes in base64"):
        configured_key(Settings(mode="live"))


@pytest.mark.parametrize("content", [None, b"", b"short", base64.b64encode(KEY[:31]), KEY])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{NAME} names no file with 32 random bytes") as refused:
        configured_key(Settings(environment={NAME: str(path)}))
    assert str(path) not in str(refused.value)
