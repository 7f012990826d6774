"""A store that sells one thing: `python examples/store/store.py --farthing http://127.0.0.1:8080`, then open the address it prints.

Everything that knows the app's secret happens here, through PayPal's Python SDK. The page only says how many, and gets an order's id.
"""

import argparse
import html
import os
import string
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

arguments = argparse.ArgumentParser()
arguments.add_argument("--farthing", default=os.environ.get("FARTHING_URL", "http://127.0.0.1:8080"), help="where the payments platform is")
arguments.add_argument("--port", type=int, default=9000, help="where this store is to be")
args = arguments.parse_args()

HERE, STORE = Path(__file__).parent, f"http://127.0.0.1:{args.port}"
CLIENT_ID = os.environ.get("FARTHING_CLIENT_ID", "sandbox-client-id")
SECRET = os.environ.get("FARTHING_CLIENT_SECRET", "sandbox-client-secret")
CENTS = 1250  # a jar of honey
NOTICES = {"COMPLETED": "Thank you! Your honey is paid.", "DECLINED": "The payment was declined. Please try another way to pay."}

Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = args.farthing
credentials = ClientCredentialsAuthCredentials(o_auth_client_id=CLIENT_ID, o_auth_client_secret=SECRET)
paypal = PaypalServersdkClient(client_credentials_auth_credentials=credentials, environment=Environment.SANDBOX)
page = string.Template((HERE / "page.html").read_text())
app = FastAPI()


def usd(cents):
    return {"currency_code": "USD", "value": f"{cents // 100}.{cents % 100:02}"}


def create_order(quantity):
    total = usd(CENTS * quantity)
    item = {"name": "Heather honey, 500 g", "quantity": str(quantity), "unit_amount": usd(CENTS)}
    unit = {"amount": {**total, "breakdown": {"item_total": total}}, "items": [item]}
    back = {
        "return_url": f"{STORE}/return",
        "cancel_url": f"{STORE}/cancelled",
        "shipping_preference": "NO_SHIPPING",
        "user_action": "PAY_NOW",
    }
    return paypal.orders.create_order({"body": {"intent": "CAPTURE", "purchase_units": [unit], "application_context": back}}).body


def capture(order_id):
    """Take the money that the buyer approved, and answer the payment's status: an order is COMPLETED even when its card was DECLINED.

    Which money, and whose, this store is not told.
    """
    paid = paypal.orders.capture_order({"id": order_id, "paypal_request_id": f"capture-{order_id}"}).body
    return paid.purchase_units[0].payments.captures[0].status


def notice_of(status):
    return NOTICES.get(status, "The payment is not completed yet.")


def show(notice=""):
    values = {"farthing": args.farthing, "client_id": CLIENT_ID, "notice": html.escape(notice)}
    return HTMLResponse(page.substitute(values))


async def quantity_of(request: Request):
    """What the form on the page says, 1 to 9. The price is not its to say."""
    found = parse_qs((await request.body()).decode()).get("quantity", ["1"])[0]
    return min(9, max(1, int(found))) if found.isdecimal() else 1


Quantity = Annotated[int, Depends(quantity_of)]


@app.get("/")
def index():
    return show()


@app.post("/orders")
def orders(quantity: Quantity):
    return {"id": create_order(quantity).id}


@app.post("/orders/{order_id}/capture")
def captured(order_id: str):
    return {"notice": notice_of(capture(order_id))}


# The same for browsers without JavaScript: a form leads to the approval page, which leads back here.
@app.post("/buy")
def buy(quantity: Quantity):
    links = {link.rel: link.href for link in create_order(quantity).links}
    return RedirectResponse(links["approve"], 303)


@app.get("/return")
def returned(token: str):
    try:
        return show(notice_of(capture(token)))
    except ErrorException as error:  # an empty wallet: its owner can choose another way to pay
        again = [link.href for link in error.links or () if link.rel == "redirect"]
        if not again:
            raise
        return RedirectResponse(again[0], 303)


@app.get("/cancelled")
def cancelled():
    return show("You cancelled. Nothing was charged.")


@app.get("/{name}.{kind}")
def file(name: str, kind: str):
    found = HERE / f"{name}.{kind}"
    return FileResponse(found) if found.name in {"store.css", "store.js", "honey.svg"} else HTMLResponse("Not found", 404)


@app.exception_handler(ErrorException)
def refused(_request, error):
    issue = error.details[0].issue if error.details else error.name
    return JSONResponse({"issue": issue}, 422)


if __name__ == "__main__":
    print(f"The store is open at {STORE}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=args.port, log_level="warning")
