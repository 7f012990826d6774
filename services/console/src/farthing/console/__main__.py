"""Run console alone: `python -m farthing.console`."""

from farthing.console.commands import create_account, create_app
from farthing.console.service import MANIFEST, build
from farthing.standalone.main import run

run(
    MANIFEST,
    build,
    sandbox_needs=("FARTHING_OPERATOR_TOKEN",),
    commands={"create-account": create_account, "create-app": create_app},
)
