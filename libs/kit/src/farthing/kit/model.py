"""The base of everything that crosses a boundary as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen JSON object. Unknown properties are dropped, so that an older reader understands a newer writer."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")
