"""What observer does with what it sees."""

from __future__ import annotations

from farthing.observer.operations.failures import Failures
from farthing.observer.operations.figures import Figures
from farthing.observer.operations.observing import Observing
from farthing.observer.operations.table import Row, Table

__all__ = ["Failures", "Figures", "Observing", "Row", "Table"]
