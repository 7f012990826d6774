// A whole checkout with the official TypeScript SDK: create, approve, capture, a verified webhook, refund.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { ApiError, CheckoutPaymentIntent, Client, Environment, OAuthAuthorizationController, OrdersController, PaymentsController } from '@paypal/paypal-server-sdk';

const url = process.env.FARTHING_URL ?? 'http://127.0.0.1:8080';
const id = process.env.FARTHING_CLIENT_ID ?? 'sandbox-client-id';
const secret = process.env.FARTHING_CLIENT_SECRET ?? 'sandbox-client-secret';
const client = new Client({
  clientCredentialsAuthCredentials: { oAuthClientId: id, oAuthClientSecret: secret },
  environment: Environment.Sandbox,
  unstable_httpClientOptions: { baseURL: url, allowAbsoluteUrls: false },
});
const [orders, payments] = [new OrdersController(client), new PaymentsController(client)];

let token: string;
const call = async (path: string, body?: string, method = 'POST') => { // what the SDK has no method for: webhooks, and the sandbox's control API
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new ApiError({ request: { method: 'POST', url }, response: { statusCode: response.status, headers: {}, body: text } }, text);
  return JSON.parse(text || 'null') as Record<string, string>;
};

let arrived: (message: { headers: IncomingHttpHeaders; event: string }) => void;
const webhook = new Promise<{ headers: IncomingHttpHeaders; event: string }>((resolve) => { arrived = resolve; });
const receiver = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  response.end();
  arrived({ headers: request.headers, event: Buffer.concat(parts).toString() });
});

async function checkout(hook: Record<string, string>): Promise<void> {
  const amount = { currencyCode: 'USD', value: '24.90' };
  const order = (await orders.createOrder({ body: { intent: CheckoutPaymentIntent.Capture, purchaseUnits: [{ amount }] } })).result;
  await call(`/_farthing/orders/${order.id}/approve`, '{"buyer": "buyer@example.com"}');
  const paid = (await orders.captureOrder({ id: order.id!, prefer: 'return=representation' })).result;
  const capture = paid.purchaseUnits![0].payments!.captures![0];
  console.log(`captured  ${capture.id} ${capture.amount!.value} ${capture.amount!.currencyCode} ${capture.status}`);

  const { headers, event } = await webhook;
  const names = ['auth_algo', 'cert_url', 'transmission_id', 'transmission_sig', 'transmission_time'];
  const fields = Object.fromEntries(names.map((name) => [name, headers[`paypal-${name.replaceAll('_', '-')}`]]));
  const question = `${JSON.stringify({ ...fields, webhook_id: hook.id }).slice(0, -1)}, "webhook_event": ${event}}`;
  const verdict = await call('/v1/notifications/verify-webhook-signature', question);
  console.log(`webhook   ${JSON.parse(event).event_type} ${verdict.verification_status}`);

  const refund = (await payments.refundCapturedPayment({ captureId: capture.id!, prefer: 'return=representation' })).result;
  console.log(`refunded  ${refund.id} ${refund.amount!.value} ${refund.amount!.currencyCode} ${refund.status}`);
}

async function main(): Promise<void> {
  const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  token = (await new OAuthAuthorizationController(client).requestToken({ authorization: basic })).result.accessToken;
  await new Promise<void>((resolve) => { receiver.listen(0, '127.0.0.1', resolve); });
  const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const hook = await call('/v1/notifications/webhooks', JSON.stringify({ url: address, event_types: [{ name: 'PAYMENT.CAPTURE.COMPLETED' }] }));
  try {
    await checkout(hook);
  } finally { // an app has ten webhooks at most
    await call(`/v1/notifications/webhooks/${hook.id}`, undefined, 'DELETE');
  }
}

function inALine(error: unknown): string {
  if (/ECONN|ENOTFOUND|fetch failed/.test(String(error))) return `nobody answers at ${url}: start Farthing with \`make run\`, or set FARTHING_URL to where it serves`;
  if (!(error instanceof ApiError)) return String(error);
  try {
    const found = JSON.parse(String(error.body));
    const issues = (found.details ?? []).map((detail: Record<string, string>) => ` (${detail.issue}: ${detail.description})`).join('');
    return `${found.name ?? found.error}: ${found.message ?? found.error_description}${issues}`;
  } catch {
    return `what answers at ${url} is not Farthing: set FARTHING_URL`;
  }
}

main().catch((error: unknown) => {
  console.error(inALine(error));
  process.exitCode = 1;
}).finally(() => receiver.close());
