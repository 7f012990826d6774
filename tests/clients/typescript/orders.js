// Orders v2 by the TypeScript SDK: for each operation what it answers and what it refuses.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CustomError, ItemCategory, PatchOp, StoreInVaultInstruction } from '@paypal/paypal-server-sdk';
import {
  approved, AUTHORIZE, CAPTURE, captured, card, control, created, FULL, mocked, order, orders, other, penniless, refused, rels, requestId, shipment, usd,
} from './shop.js';

const NONE = '5O190127TN364715T';
const KEEP = { attributes: { vault: { storeInVault: StoreInVaultInstruction.OnSuccess } } };

describe('createOrder', () => {
  const paidAtOnce = async (source, value) => {
    const body = order(undefined, value, { paymentSource: { card: source } });
    return (await orders.createOrder({ body, paypalRequestId: requestId(), prefer: FULL })).result;
  };

  it('answers the minimum', async () => {
    const { statusCode, result } = await orders.createOrder({ body: order() });
    assert.deepEqual([statusCode, result.status], [201, 'CREATED']);
    assert.deepEqual(rels(result), ['self', 'approve', 'update', 'capture']);
  });

  it('answers all of it', async () => {
    const { result } = await orders.createOrder({ body: order(AUTHORIZE, '12.34'), prefer: FULL });
    assert.deepEqual([result.intent, result.status], ['AUTHORIZE', 'CREATED']);
    const [unit] = result.purchaseUnits;
    assert.deepEqual([unit.referenceId, unit.amount, unit.payee.emailAddress], ['default', usd('12.34'), 'store@example.com']);
  });

  it('shows and takes a whole basket as it was sent, in a currency without decimals', async () => {
    const yen = (value) => ({ currencyCode: 'JPY', value });
    const basket = {
      referenceId: 'shoes', description: 'Shoes', customId: 'C-1', softDescriptor: 'STORE',
      amount: { ...yen('1500'), breakdown: { itemTotal: yen('1200'), shipping: yen('200'), taxTotal: yen('100') } },
      items: [{ name: 'Sandal', quantity: '2', unitAmount: yen('600'), tax: yen('50'), sku: 'S-1', category: ItemCategory.PhysicalGoods }],
      shipping: {
        name: { fullName: 'Bea Buyer' },
        address: { addressLine1: '2 Other Street', adminArea2: 'Austin', adminArea1: 'TX', postalCode: '73301', countryCode: 'US' },
      },
    };
    await control('accounts/buyer@example.com/fund', { currency_code: 'JPY', value: '1500' });
    const made = (await orders.createOrder({ body: { intent: CAPTURE, purchaseUnits: [basket] }, prefer: FULL })).result;
    await control(`orders/${made.id}/approve`, { buyer: 'buyer@example.com' });
    const paid = (await orders.captureOrder({ id: made.id, prefer: FULL })).result;
    for (const { purchaseUnits: [{ payee, payments, ...shown }] } of [made, paid]) {
      assert.equal(payee.emailAddress, 'store@example.com');
      assert.deepEqual(shown, basket);
      if (payments) assert.deepEqual(payments.captures.map((capture) => capture.amount), [yen('1500')]);
    }
    assert.equal(paid.status, 'COMPLETED');
  });

  it('leads the owner of a wallet to it', async () => {
    const paypal = { experienceContext: { returnUrl: 'https://s.example/', cancelUrl: 'https://s.example/' } };
    const body = order(undefined, '1.00', { paymentSource: { paypal } });
    const { statusCode, result } = await orders.createOrder({ body, paypalRequestId: requestId() });
    assert.deepEqual([statusCode, result.status, rels(result)], [200, 'PAYER_ACTION_REQUIRED', ['self', 'payer-action']]);
  });

  it('is paid at once by a card, which is kept and pays again', async () => {
    const paid = await paidAtOnce(card('Bea Buyer', KEEP), '100.00');
    const [capture] = paid.purchaseUnits[0].payments.captures;
    assert.deepEqual([paid.status, capture.status, capture.amount], ['COMPLETED', 'COMPLETED', usd('100.00')]);
    assert.deepEqual([capture.processorResponse.responseCode, capture.networkTransactionReference.network], ['0000', 'VISA']);
    const { lastDigits, brand, expiry, attributes } = paid.paymentSource.card;
    assert.deepEqual([lastDigits, brand, expiry, attributes.vault.status], ['1881', 'VISA', '2035-12', 'VAULTED']);
    const again = await paidAtOnce({ vaultId: attributes.vault.id }, '7.00');
    assert.deepEqual([again.status, again.purchaseUnits[0].payments.captures[0].amount], ['COMPLETED', usd('7.00')]);
    assert.equal(again.paymentSource.card.lastDigits, '1881');
  });

  it('is completed with a declined capture by a declined card', async () => {
    const paid = await paidAtOnce(card('CCREJECT-REFUSED'), '100.00');
    const [capture] = paid.purchaseUnits[0].payments.captures;
    assert.deepEqual([paid.status, capture.status, capture.processorResponse.responseCode], ['COMPLETED', 'DECLINED', '0500']);
  });

  it('answers the same order to the same request id', async () => {
    const request = { body: order(), paypalRequestId: requestId() };
    const [first, again] = [await orders.createOrder(request), await orders.createOrder(request)];
    assert.deepEqual([first.statusCode, again.statusCode, again.result.id], [201, 200, first.result.id]);
  });

  it('refuses a card without a request id', async () => {
    const body = order(undefined, '1.00', { paymentSource: { card: card() } });
    await refused(400, 'INVALID_REQUEST', 'PAYPAL_REQUEST_ID_REQUIRED', orders.createOrder({ body }));
  });

  it('refuses too many decimals', async () => {
    const error = await refused(422, 'UNPROCESSABLE_ENTITY', 'DECIMAL_PRECISION', orders.createOrder({ body: order(undefined, '1.001') }));
    assert.equal(error.result.details[0].field, '/purchase_units/0/amount/value');
  });

  it('refuses with the issue that is asked for', async () => {
    const call = orders.createOrder({ body: order(), paypalMockResponse: mocked('DUPLICATE_INVOICE_ID') });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'DUPLICATE_INVOICE_ID', call);
  });
});

describe('getOrder', () => {
  it('shows an approved order and its payer', async () => {
    const { statusCode, result } = await orders.getOrder({ id: await approved({ value: '5.00' }) });
    assert.deepEqual([statusCode, result.status, rels(result)], [200, 'APPROVED', ['self', 'update', 'capture']]);
    assert.deepEqual([result.payer.emailAddress, result.payer.name.givenName], ['buyer@example.com', 'Bea']);
    assert.deepEqual(result.purchaseUnits[0].amount, usd('5.00'));
  });

  it('refuses what is not there', async () => {
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', orders.getOrder({ id: NONE }));
  });

  it("refuses another merchant's order", async () => {
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', other.orders.getOrder({ id: await created() }));
  });

  it('refuses a token that expired', async () => {
    const id = await created();
    await control('faults', { operation: 'orders.get', kind: 'expire', match: { order: id }, times: 1 });
    await assert.rejects(orders.getOrder({ id }), (error) => {
      assert.equal(error.constructor, CustomError, `${error}`);
      assert.deepEqual([error.statusCode, error.result.name], [401, 'AUTHENTICATION_FAILURE']);
      return true;
    });
    assert.equal((await orders.getOrder({ id })).result.id, id);
  });
});

describe('patchOrder', () => {
  const change = (what, value) => [{ op: PatchOp.Replace, path: `/purchase_units/@reference_id=='default'/${what}`, value }];

  it('lowers the total', async () => {
    const id = await created();
    const { statusCode, body } = await orders.patchOrder({ id, body: change('amount', { currency_code: 'USD', value: '80.00' }) });
    assert.deepEqual([statusCode, body], [204, '']);
    assert.deepEqual((await orders.getOrder({ id })).result.purchaseUnits[0].amount, usd('80.00'));
  });

  it('refuses what cannot be changed', async () => {
    const call = orders.patchOrder({ id: await created(), body: change('payments', {}) });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'NOT_PATCHABLE', call);
  });
});

describe('confirmOrder', () => {
  it('takes a card', async () => {
    const { statusCode, result } = await orders.confirmOrder({ id: await created(), body: { paymentSource: { card: card() } }, prefer: FULL });
    assert.deepEqual([statusCode, result.status, result.paymentSource.card.lastDigits], [200, 'APPROVED', '1881']);
  });

  it('leads the owner of a wallet to it', async () => {
    const { result } = await orders.confirmOrder({ id: await created(), body: { paymentSource: { paypal: {} } } });
    assert.deepEqual([result.status, rels(result)], ['PAYER_ACTION_REQUIRED', ['self', 'payer-action']]);
  });

  it('refuses a paid order', async () => {
    const call = orders.confirmOrder({ id: (await captured()).orderId, body: { paymentSource: { card: card() } } });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'ORDER_CANNOT_BE_CONFIRMED', call);
  });
});

describe('authorizeOrder', () => {
  it('authorizes once', async () => {
    const request = { id: await approved({ intent: AUTHORIZE }), prefer: FULL, paypalRequestId: requestId() };
    const { statusCode, result } = await orders.authorizeOrder(request);
    const [authorization] = result.purchaseUnits[0].payments.authorizations;
    assert.deepEqual([statusCode, result.status, authorization.status], [201, 'COMPLETED', 'CREATED']);
    assert.deepEqual(authorization.amount, usd('100.00'));
    assert.deepEqual(rels(authorization), ['self', 'capture', 'void', 'reauthorize', 'up']);
    const again = await orders.authorizeOrder(request);
    assert.deepEqual([again.statusCode, again.result.purchaseUnits[0].payments.authorizations[0].id], [200, authorization.id]);
  });

  it('takes a card', async () => {
    const id = await created(AUTHORIZE);
    const { result } = await orders.authorizeOrder({ id, body: { paymentSource: { card: card() } }, prefer: FULL, paypalRequestId: requestId() });
    const [authorization] = result.purchaseUnits[0].payments.authorizations;
    assert.deepEqual([result.status, authorization.status, authorization.processorResponse.responseCode], ['COMPLETED', 'CREATED', '0000']);
  });

  it('refuses the other intent', async () => {
    await refused(422, 'UNPROCESSABLE_ENTITY', 'ACTION_DOES_NOT_MATCH_INTENT', orders.authorizeOrder({ id: await approved() }));
  });

  it('refuses an order that nobody approved', async () => {
    await refused(422, 'UNPROCESSABLE_ENTITY', 'ORDER_NOT_APPROVED', orders.authorizeOrder({ id: await created(AUTHORIZE) }));
  });
});

describe('captureOrder', () => {
  it('captures once', async () => {
    const request = { id: await approved(), prefer: FULL, paypalRequestId: requestId() };
    const { statusCode, result } = await orders.captureOrder(request);
    const [capture] = result.purchaseUnits[0].payments.captures;
    assert.deepEqual([statusCode, result.status, capture.status, capture.finalCapture], [201, 'COMPLETED', 'COMPLETED', true]);
    const { grossAmount, paypalFee, netAmount } = capture.sellerReceivableBreakdown;
    assert.deepEqual([grossAmount, paypalFee, netAmount], [usd('100.00'), usd('3.98'), usd('96.02')]);
    const again = await orders.captureOrder(request);
    assert.deepEqual([again.statusCode, again.result.purchaseUnits[0].payments.captures[0].id], [200, capture.id]);
  });

  it('takes a card', async () => {
    const id = await created();
    const { result } = await orders.captureOrder({ id, body: { paymentSource: { card: card() } }, prefer: FULL, paypalRequestId: requestId() });
    const [capture] = result.purchaseUnits[0].payments.captures;
    assert.deepEqual([result.status, capture.status, result.paymentSource.card.lastDigits], ['COMPLETED', 'COMPLETED', '1881']);
  });

  it('refuses an order that nobody approved', async () => {
    await refused(422, 'UNPROCESSABLE_ENTITY', 'ORDER_NOT_APPROVED', orders.captureOrder({ id: await created() }));
  });

  it('refuses to do it twice', async () => {
    await refused(422, 'UNPROCESSABLE_ENTITY', 'ORDER_ALREADY_CAPTURED', orders.captureOrder({ id: (await captured()).orderId }));
  });

  it('refuses a buyer without money', async () => {
    const call = orders.captureOrder({ id: await approved({ buyer: await penniless() }) });
    const error = await refused(422, 'UNPROCESSABLE_ENTITY', 'INSTRUMENT_DECLINED', call);
    assert.ok(rels(error.result).includes('redirect'));
  });

  it('refuses with the issue that is asked for', async () => {
    const call = orders.captureOrder({ id: await approved(), paypalMockResponse: mocked('TRANSACTION_REFUSED') });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'TRANSACTION_REFUSED', call);
  });
});

describe('createOrderTracking and updateOrderTracking', () => {
  const cancel = [{ op: PatchOp.Replace, path: '/status', value: 'CANCELLED' }];

  it('add a shipment and call it off', async () => {
    const { orderId: id, captureId } = await captured();
    const { statusCode, result } = await orders.createOrderTracking({ id, body: shipment(captureId) });
    const [tracker] = result.purchaseUnits[0].shipping.trackers;
    assert.deepEqual([statusCode, result.id, tracker.status], [201, id, 'SHIPPED']);
    assert.equal((await orders.createOrderTracking({ id, body: shipment(captureId) })).statusCode, 200);
    const called = await orders.updateOrderTracking({ id, trackerId: tracker.id, body: cancel });
    assert.deepEqual([called.statusCode, called.body], [204, '']);
    const [shown] = (await orders.getOrder({ id })).result.purchaseUnits[0].shipping.trackers;
    assert.deepEqual([shown.id, shown.status], [tracker.id, 'CANCELLED']);
  });

  it('refuse an unknown capture', async () => {
    const call = orders.createOrderTracking({ id: (await captured()).orderId, body: shipment(NONE) });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'CAPTURE_ID_NOT_FOUND', call);
  });

  it('refuse an unknown tracker', async () => {
    const call = orders.updateOrderTracking({ id: (await captured()).orderId, trackerId: 'NONE-1', body: cancel });
    await refused(404, 'RESOURCE_NOT_FOUND', 'TRACKER_ID_NOT_FOUND', call);
  });
});
