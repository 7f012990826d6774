"""The scripts for browsers keep to the interface that PayPal's own typed package declares."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from farthing.checkout.pages import Assets

HERE = Path(__file__).parent / "types"
STATIC = Path(__file__).parent.parent / "src/farthing/checkout/pages/static"


@pytest.fixture(scope="session")
def tsc(node: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """TypeScript and the types, installed as locked."""
    home = tmp_path_factory.mktemp("types")
    for name in ("package.json", "package-lock.json", "tsconfig.json", ".npmrc"):
        shutil.copy(HERE / name, home)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(node), str(home / "node_modules/typescript/bin/tsc"), "--project", str(home)]


def check(tsc: list[str], scripts: Path) -> str:
    """Type-check the scripts of a folder and answer what was found."""
    home = Path(tsc[-1])
    settings = json.loads((HERE / "tsconfig.json").read_text())
    settings["files"] = [str(scripts / "sdk.js"), str(scripts / "popup.js")]
    (home / "tsconfig.json").write_text(json.dumps(settings))
    return subprocess.run(tsc, capture_output=True, text=True, check=False).stdout


@pytest.mark.needs_node
def test_the_scripts_have_the_declared_types(tsc: list[str]) -> None:
    assert check(tsc, STATIC) == ""


@pytest.mark.needs_node
def test_the_check_finds_what_is_wrong(tsc: list[str], tmp_path: Path) -> None:
    planted = {
        'version: "5.0.0-farthing",': "version: 5,",
        "hasReturned: () => false,": "",
        'getFundingSources: () => ["paypal"],': 'getFundingSources: () => ["farthing"],',
    }
    shutil.copy(STATIC / "popup.js", tmp_path)
    script = (STATIC / "sdk.js").read_text()
    for right, wrong in planted.items():
        assert script.count(right) == 1
        script = script.replace(right, wrong)
    (tmp_path / "sdk.js").write_text(script)
    found = check(tsc, tmp_path)
    assert found.count("error TS") == len(planted), found


def test_the_sdk_is_small_enough_to_be_read() -> None:
    sdk = Assets().get("sdk.js")
    assert sdk is not None
    assert len(sdk.content.splitlines()) <= 300
