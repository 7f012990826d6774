// POST /v1/oauth2/token by the TypeScript SDK.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@paypal/paypal-server-sdk';
import { CREDENTIALS, orders, payments, sdk, tokens } from './shop.js';

const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const isInvalidClient = (error) => {
  assert.ok(error instanceof ApiError, `${error}`); // its own class is hidden behind an enumeration of the same name
  assert.deepEqual([error.statusCode, error.result.error], [401, 'invalid_client']);
  return true;
};

describe('token', () => {
  it('is issued', async () => {
    const { statusCode, result } = await tokens.requestToken({ authorization: basic(...CREDENTIALS) });
    assert.deepEqual([statusCode, result.tokenType, result.expiresIn], [200, 'Bearer', 32400n]);
    assert.equal(result.accessToken.split('.').length, 3);
    assert.ok(result.scope.split(' ').includes('https://uri.paypal.com/services/payments/payment'));
  });

  it('is refused to a wrong secret', async () => {
    await assert.rejects(tokens.requestToken({ authorization: basic(CREDENTIALS[0], 'wrong') }), isInvalidClient);
  });

  it('is refused at the first call too', async () => {
    await assert.rejects(sdk([CREDENTIALS[0], 'wrong']).orders.getOrder({ id: 'NONE' }), isInvalidClient);
  });
});

describe('the SDK', () => {
  it('has no operation that the table does not name', () => {
    const controllers = { orders, payments, o_auth_authorization: tokens };
    const found = Object.entries(controllers).flatMap(([name, controller]) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(controller)).filter((each) => each !== 'constructor').map((each) => `${name}.${each}`));
    assert.deepEqual(found.sort(), JSON.parse(process.env.FARTHING_OPERATIONS).sort());
  });
});
