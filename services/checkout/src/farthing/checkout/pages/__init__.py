"""The HTML that payers see, made from templates, with the headers that keep it theirs."""

from __future__ import annotations

from farthing.checkout.pages.assets import Asset, Assets
from farthing.checkout.pages.render import Pages
from farthing.checkout.pages.views import ApprovalView, LogInView, ReturnView

__all__ = ["ApprovalView", "Asset", "Assets", "LogInView", "Pages", "ReturnView"]
