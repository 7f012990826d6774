// A merchant's backend on the official TypeScript SDK, unmodified, and its buyers.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  CheckoutPaymentIntent, Client, CustomError, Environment, OAuthAuthorizationController, OrdersController, PaymentsController,
} from '@paypal/paypal-server-sdk';

export const url = process.env.FARTHING_URL;
export const CREDENTIALS = ['sandbox-client-id', 'sandbox-client-secret'];
export const OTHER = ['other-client-id', 'other-client-secret'];
export const [CAPTURE, AUTHORIZE] = [CheckoutPaymentIntent.Capture, CheckoutPaymentIntent.Authorize];
export const FULL = 'return=representation';

/** The SDK's controllers, pointed at the platform by options of its HTTP client. */
export function sdk([oAuthClientId, oAuthClientSecret]) {
  const client = new Client({
    clientCredentialsAuthCredentials: { oAuthClientId, oAuthClientSecret },
    environment: Environment.Sandbox,
    unstable_httpClientOptions: { baseURL: url, allowAbsoluteUrls: false },
  });
  return {
    orders: new OrdersController(client), payments: new PaymentsController(client), tokens: new OAuthAuthorizationController(client),
  };
}

export const { orders, payments, tokens } = sdk(CREDENTIALS);
export const other = sdk(OTHER);

export const usd = (value) => ({ currencyCode: 'USD', value });
export const order = (intent = CAPTURE, value = '100.00', more = {}) => ({ intent, purchaseUnits: [{ amount: usd(value) }], ...more });
/** One of PayPal's test cards; the name decides whether it is declined. */
export const card = (name = 'Bea Buyer', more = {}) =>
  ({ name, number: '4012888888881881', expiry: '2035-12', securityCode: '123', ...more });
export const shipment = (captureId) => ({ captureId, trackingNumber: '443844607820', carrier: 'FEDEX' });
export const requestId = () => randomUUID();
/** The header of PayPal's negative testing that asks for this issue. */
export const mocked = (issue) => JSON.stringify({ mock_application_codes: issue });
export const rels = (shown) => shown.links.map((link) => link.rel);

export async function control(path, body) {
  const token = process.env.FARTHING_OPERATOR_TOKEN;
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${process.env.FARTHING_CONTROL}/_farthing/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, await answer.clone().text());
  return answer.json();
}

export async function created(intent = CAPTURE, value = '100.00') {
  return (await orders.createOrder({ body: order(intent, value) })).result.id;
}

export async function approved({ intent = CAPTURE, value = '100.00', buyer = 'buyer@example.com' } = {}) {
  const id = await created(intent, value);
  await control(`orders/${id}/approve`, { buyer });
  return id;
}

/** A new buyer without money. */
export async function penniless() {
  return (await control('accounts', { email: `poor-${randomUUID()}@example.com`, kind: 'personal' })).email;
}

/** An order of 100.00 USD that was paid, and its capture. */
export async function captured() {
  const paid = (await orders.captureOrder({ id: await approved(), prefer: FULL })).result;
  return { orderId: paid.id, captureId: paid.purchaseUnits[0].payments.captures[0].id };
}

/** The authorization of 100.00 USD. */
export async function authorized() {
  const paid = (await orders.authorizeOrder({ id: await approved({ intent: AUTHORIZE }), prefer: FULL })).result;
  return paid.purchaseUnits[0].payments.authorizations[0].id;
}

/** A capture that was given back, and the refund. */
export async function refunded() {
  const { captureId } = await captured();
  return { captureId, refundId: (await payments.refundCapturedPayment({ captureId })).result.id };
}

/** The call must fail with the SDK's documented error of this status, name and issue: no other exception will do. */
export async function refused(status, name, issue, call) {
  const error = await call.then((answer) => assert.fail(`answered ${answer.statusCode}`), (reason) => reason);
  assert.equal(error.constructor, CustomError, `${error}`);
  assert.deepEqual([error.statusCode, error.result.name, error.result.details.map((detail) => detail.issue)], [status, name, [issue]]);
  assert.equal(error.result.debug_id, error.headers['paypal-debug-id']);
  return error;
}
