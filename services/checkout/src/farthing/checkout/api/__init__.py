"""The routes of checkout: pages, their posts, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.checkout.api.approval import ApprovalRoutes
from farthing.checkout.api.files import FileRoutes
from farthing.checkout.api.guard import in_pages
from farthing.checkout.api.log_in import LogInRoutes
from farthing.kit.api import Api

if TYPE_CHECKING:
    from farthing.checkout.api.browser import Browsers
    from farthing.checkout.operations import Approvals, LogIns, SignIns
    from farthing.checkout.pages import Assets, Pages


def routes(sign_ins: SignIns, approvals: Approvals, log_ins: LogIns, pages: Pages, assets: Assets, browsers: Browsers) -> Api:
    api = Api("Farthing checkout")
    api.said = in_pages(pages)
    ApprovalRoutes(sign_ins, approvals, pages, browsers).add_to(api)
    LogInRoutes(sign_ins, log_ins, pages, browsers).add_to(api)
    FileRoutes(assets).add_to(api)
    return api
