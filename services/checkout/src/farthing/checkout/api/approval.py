"""The approval page and its posts: `rel=approve` and `rel=payer-action` of an order lead here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from farthing.checkout.api.guard import redirect
from farthing.checkout.domain import Standing, Way, can_be_left_for, stated_origin, with_parameters
from farthing.checkout.errors import NotAPayer, WayUnknown
from farthing.checkout.operations import can_be_paid_at_once, home_of, standing
from farthing.checkout.pages import ApprovalView, ReturnView
from farthing.clients.identity.errors import SignInFailed
from farthing.clients.orders.errors import InstrumentNotFound, OrderChanged, PayerCannotPay, PayerNotFound
from farthing.kit.call import about

if TYPE_CHECKING:
    from farthing.checkout.api.browser import Browser, Browsers
    from farthing.checkout.operations import Approvals, Payer, SignIns
    from farthing.checkout.pages import Pages
    from farthing.clients.orders.models import OrderView
    from farthing.kit.api import Api
    from farthing.kit.call import Call, Response
    from farthing.kit.errors import ApiError

# What the payer can do something about on the page itself.
_CORRECTABLE = (SignInFailed, NotAPayer, WayUnknown, InstrumentNotFound, OrderChanged, PayerCannotPay, PayerNotFound)


class ApprovalRoutes:
    """One order, one browser. Every address that a payer is sent to comes from the order."""

    def __init__(self, sign_ins: SignIns, approvals: Approvals, pages: Pages, browsers: Browsers) -> None:
        self._sign_ins, self._approvals, self._pages, self._browsers = sign_ins, approvals, pages, browsers

    def add_to(self, api: Api) -> None:
        order = "/checkout/orders/{order_id}"
        api.open("GET", "/checkoutnow", "checkout.start")(self.start)
        api.open("GET", order, "checkout.show")(self.show)
        api.open("GET", f"{order}/approved", "checkout.approved")(self.approved)
        api.open("GET", f"{order}/cancel", "checkout.cancel")(self.cancel)
        api.open("GET", f"{order}/{{step}}", "checkout.again")(self.again)
        for step, post in (("sign-in", self.sign_in), ("sign-out", self.sign_out), ("approve", self.approve)):
            api.open("POST", f"{order}/{step}", f"checkout.{step}", raw_body=True)(post)

    async def start(self, call: Call) -> Response:
        """The address in an order's links. What follows lies where this service's cookies are sent."""
        order = await self._order(call, call.query("token") or "")
        return redirect(_address(order.id, opener=_opener(call)))

    async def show(self, call: Call, order_id: str) -> Response:
        order = await self._order(call, order_id)
        browser = self._browsers.of(call)
        payer = await self._sign_ins.payer(browser.session_id)
        return await self._show(call, order, browser, payer)

    async def again(self, call: Call, order_id: str, step: str) -> Response:  # noqa: ARG002 - part of the path
        """Somebody reloads the address of a post."""
        order = await self._order(call, order_id)
        return redirect(_address(order.id, opener=_opener(call)))

    async def sign_in(self, call: Call, order_id: str) -> Response:
        order = await self._order(call, order_id)
        browser = self._browsers.of(call)
        fields = self._browsers.form(call, browser, None)
        email = fields.get("email", "")
        try:
            session = await self._sign_ins.sign_in(email, fields.get("password", ""))
        except SignInFailed as error:
            return await self._show(call, order, browser, None, error, email)
        return redirect(_address(order.id, opener=_opener(call)), self._browsers.signed_in(session))

    async def sign_out(self, call: Call, order_id: str) -> Response:
        order = await self._order(call, order_id)
        browser = self._browsers.of(call)
        payer = await self._sign_ins.payer(browser.session_id)
        if payer is not None:
            self._browsers.form(call, browser, payer)
            await self._sign_ins.sign_out(payer.session.id)
        return redirect(_address(order.id, opener=_opener(call)), self._browsers.signed_out())

    async def approve(self, call: Call, order_id: str) -> Response:
        order = await self._order(call, order_id)
        browser = self._browsers.of(call)
        payer = await self._sign_ins.payer(browser.session_id)
        if payer is None:
            return redirect(_address(order.id, opener=_opener(call)))
        if standing(order) is Standing.FINISHED:  # the button was pressed twice
            return redirect(_address(order.id, "/approved", _opener(call)))
        fields = self._browsers.form(call, browser, payer)
        way, one_click = Way.parse(fields.get("funding", "")), fields.get("one_click") == "yes"
        try:
            if way is None:
                raise WayUnknown
            if order.payer not in {None, payer.account.id}:
                raise PayerCannotPay
            await self._approvals.approve(order, payer, way, seen=fields.get("seen") or None, one_click=one_click)
        except _CORRECTABLE as error:
            return await self._show(call, await self._order(call, order_id), browser, payer, error)
        keep = self._browsers.keep_way(payer, order.client_id, way if one_click else None)
        return redirect(_address(order.id, "/approved", _opener(call)), keep)

    async def approved(self, call: Call, order_id: str) -> Response:
        """Tell the store's page, or go back to the store: an own page, since a form's answer may not lead to another site."""
        order = await self._order(call, order_id)
        payer = await self._sign_ins.payer(self._browsers.of(call).session_id)
        if payer is None or not _is_approved_by(order, payer):
            return redirect(_address(order.id, opener=_opener(call)))
        return self._pages.returning(_returning(order, payer, _opener(call)))

    async def cancel(self, call: Call, order_id: str) -> Response:
        """Nothing about the order changes: it can be approved later, and one that was approved can still be paid."""
        order = await self._order(call, order_id)
        state, opener, back = standing(order), _opener(call), _cancel_address(order)
        if state is Standing.FINISHED:
            return redirect(_address(order.id, "/approved", opener))
        if opener is None and back is not None and state is not Standing.APPROVED:
            return redirect(back)
        message = {"type": "farthing.cancelled", "orderID": order.id}
        return self._pages.returning(ReturnView(order, "left" if state is Standing.APPROVED else "cancelled", back, opener, message))

    async def _order(self, call: Call, order_id: str) -> OrderView:
        order = await self._approvals.order(order_id)
        call.note("farthing.order_id", order.id)
        about(order=order.id)
        return order

    async def _show(
        self, call: Call, order: OrderView, browser: Browser, payer: Payer | None, error: ApiError | None = None, email: str = ""
    ) -> Response:
        state, opener = standing(order), _opener(call)
        if state not in {Standing.PAYABLE, Standing.APPROVED}:
            return self._pages.over(order, state, _way_back(order, payer, opener))
        if payer is not None and order.payer not in {None, payer.account.id}:
            return self._pages.over(order, Standing.APPROVED, _way_back(order, payer, opener))
        browser, cookies = self._browsers.welcome(browser) if payer is None else (browser, [])
        agreed = payer is not None and await self._approvals.agreed(payer, order.client_id)
        way = self._browsers.usual_way(browser, payer, order.client_id) if payer else None
        view = ApprovalView(
            order=order,
            payer=payer,
            csrf=browser.csrf(payer),
            opener=opener,
            agreed=agreed,
            way=way or Way(),
            at_once=error is None and payer is not None and can_be_paid_at_once(order, payer, agreed=agreed, way=way, opener=opener),
            back=_way_back(order, payer, opener) if payer and _is_approved_by(order, payer) else None,
            email=email,
            error=error,
        )
        return self._pages.approval(view, cookies)


def _address(order_id: str, step: str = "", opener: str | None = None) -> str:
    return f"/checkout/orders/{order_id}{step}" + (f"?{urlencode({'origin': opener})}" if opener else "")


def _opener(call: Call) -> str | None:
    """The origin of the page that opened this one as a pop-up, as that page states it: whoever it is, nothing is sent to another."""
    return stated_origin(call.query("origin"))


def _is_approved_by(order: OrderView, payer: Payer) -> bool:
    """Whether this payer has done what there was to do; not when what he chose was declined since."""
    if order.declined:
        return False
    return order.payer == payer.account.id and standing(order) in {Standing.APPROVED, Standing.FINISHED}


def _way_back(order: OrderView, payer: Payer | None, opener: str | None) -> str | None:
    """Where somebody goes who has nothing left to do here; nobody who may have paid is led to where he would be told that he cancelled."""
    if payer is not None and _is_approved_by(order, payer):
        return _address(order.id, "/approved", opener)
    if standing(order) is Standing.FINISHED:
        return None
    return _cancel_address(order) if opener is None else _address(order.id, "/cancel", opener)


def _return_address(order: OrderView, payer: Payer) -> str | None:
    if order.return_url is None or not can_be_left_for(order.return_url):
        return None
    return with_parameters(order.return_url, token=order.id, PayerID=payer.account.id)


def _cancel_address(order: OrderView) -> str | None:
    if order.cancel_url is None or not can_be_left_for(order.cancel_url):
        return None
    return with_parameters(order.cancel_url, token=order.id)


def _returning(order: OrderView, payer: Payer, opener: str | None) -> ReturnView:
    """The opener sent the order's id itself; the payer's id is for the order's home only."""
    message = {"type": "farthing.approved", "orderID": order.id}
    if opener is not None and opener == home_of(order):
        message["payerID"] = payer.account.id
    return ReturnView(order, "approved", _return_address(order, payer), opener, message)
