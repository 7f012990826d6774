"""A whole checkout with the official Python SDK: create, approve, capture, a verified webhook, refund."""

import http.server
import json
import os
import queue
import sys
import threading
import urllib.error
import urllib.request

from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

URL = os.environ.get("FARTHING_URL", "http://127.0.0.1:8080")
CREDENTIALS = os.environ.get("FARTHING_CLIENT_ID", "sandbox-client-id"), os.environ.get("FARTHING_CLIENT_SECRET", "sandbox-client-secret")
Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = URL
credentials = ClientCredentialsAuthCredentials(o_auth_client_id=CREDENTIALS[0], o_auth_client_secret=CREDENTIALS[1])
paypal = PaypalServersdkClient(client_credentials_auth_credentials=credentials, environment=Environment.SANDBOX)
received: queue.Queue = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.put((self.headers, self.rfile.read(int(self.headers["content-length"])).decode()))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(path, body=None, method="POST"):  # what the SDK has no method for: webhooks, and the sandbox's control API
    token = paypal.oauth_2.fetch_token().access_token
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(URL + path, body and body.encode(), headers, method=method)
    return json.loads(urllib.request.urlopen(request, timeout=10).read() or "null")


def checkout(hook):
    unit = {"amount": {"currency_code": "USD", "value": "24.90"}}
    order = paypal.orders.create_order({"body": {"intent": "CAPTURE", "purchase_units": [unit]}}).body
    call(f"/_farthing/orders/{order.id}/approve", '{"buyer": "buyer@example.com"}')
    paid = paypal.orders.capture_order({"id": order.id, "prefer": "return=representation"}).body
    capture = paid.purchase_units[0].payments.captures[0]
    print(f"captured  {capture.id} {capture.amount.value} {capture.amount.currency_code} {capture.status}")

    headers, event = received.get(timeout=10)
    names = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time")
    fields = {name: headers["paypal-" + name.replace("_", "-")] for name in names} | {"webhook_id": hook["id"]}
    verdict = call("/v1/notifications/verify-webhook-signature", json.dumps(fields)[:-1] + f', "webhook_event": {event}}}')
    print(f"webhook   {json.loads(event)['event_type']} {verdict['verification_status']}")

    refund = paypal.payments.refund_captured_payment({"capture_id": capture.id, "prefer": "return=representation"}).body
    print(f"refunded  {refund.id} {refund.amount.value} {refund.amount.currency_code} {refund.status}")


def main():
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{receiver.server_port}/"
    hook = call("/v1/notifications/webhooks", json.dumps({"url": address, "event_types": [{"name": "PAYMENT.CAPTURE.COMPLETED"}]}))
    try:
        checkout(hook)
    finally:  # an app has ten webhooks at most
        call(f"/v1/notifications/webhooks/{hook['id']}", method="DELETE")


def in_a_line(text):
    try:
        error = json.loads(text)
    except ValueError:
        return f"what answers at {URL} is not Farthing: set FARTHING_URL"
    issues = "".join(f" ({detail['issue']}: {detail.get('description', '')})" for detail in error.get("details", []))
    return f"{error.get('name') or error.get('error')}: {error.get('message') or error.get('error_description')}{issues}"


if __name__ == "__main__":
    try:
        main()
    except ApiException as error:
        sys.exit(in_a_line(error.response.text))
    except urllib.error.HTTPError as error:
        sys.exit(in_a_line(error.read()))
    except queue.Empty:
        sys.exit("no webhook came within ten seconds")
    except OSError:
        sys.exit(f"nobody answers at {URL}: start Farthing with `make run`, or set FARTHING_URL to where it serves")
