// Payments v2 by the TypeScript SDK: for each operation what it answers and what it refuses.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authorized, captured, control, FULL, mocked, other, payments, refunded, refused, rels, requestId, usd } from './shop.js';

const NONE = '2GG279541U471931P';
const status = async (authorizationId) => (await payments.getAuthorizedPayment({ authorizationId })).result.status;

describe('getAuthorizedPayment', () => {
  it('shows it', async () => {
    const authorizationId = await authorized();
    const { statusCode, result } = await payments.getAuthorizedPayment({ authorizationId });
    assert.deepEqual([statusCode, result.id, result.status], [200, authorizationId, 'CREATED']);
    assert.deepEqual([result.amount, result.payee.emailAddress], [usd('100.00'), 'store@example.com']);
    assert.deepEqual(rels(result), ['self', 'capture', 'void', 'reauthorize', 'up']);
  });

  it('refuses what is not there', async () => {
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', payments.getAuthorizedPayment({ authorizationId: NONE }));
  });

  it("refuses another merchant's", async () => {
    const call = other.payments.getAuthorizedPayment({ authorizationId: await authorized() });
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', call);
  });
});

describe('captureAuthorizedPayment', () => {
  it('takes a part and the last part, each once', async () => {
    const authorizationId = await authorized();
    for (const [value, finalCapture, after] of [['30.00', false, 'PARTIALLY_CAPTURED'], ['20.00', true, 'CAPTURED']]) {
      const body = { amount: usd(value), finalCapture, invoiceId: `INV-${requestId()}`, noteToPayer: 'Thanks' };
      const request = { authorizationId, body, prefer: FULL, paypalRequestId: requestId() };
      const { statusCode, result } = await payments.captureAuthorizedPayment(request);
      assert.deepEqual([statusCode, result.status, result.finalCapture], [201, 'COMPLETED', finalCapture]);
      assert.deepEqual([result.amount, result.invoiceId], [usd(value), body.invoiceId]);
      assert.equal(await status(authorizationId), after);
      const again = await payments.captureAuthorizedPayment(request);
      assert.deepEqual([again.statusCode, again.result.id], [200, result.id]);
    }
  });

  it('takes all of it without a body', async () => {
    const { statusCode, result } = await payments.captureAuthorizedPayment({ authorizationId: await authorized() });
    assert.deepEqual([statusCode, result.status, result.amount], [201, 'COMPLETED', undefined]); // minimal
    assert.deepEqual((await payments.getCapturedPayment({ captureId: result.id })).result.amount, usd('100.00'));
  });

  it('refuses more than the rule allows', async () => {
    const call = payments.captureAuthorizedPayment({ authorizationId: await authorized(), body: { amount: usd('115.01') } });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'MAX_CAPTURE_AMOUNT_EXCEEDED', call);
  });

  it('refuses with the issue that is asked for', async () => {
    const request = { authorizationId: await authorized(), paypalMockResponse: mocked('AUTHORIZATION_EXPIRED') };
    await refused(422, 'UNPROCESSABLE_ENTITY', 'AUTHORIZATION_EXPIRED', payments.captureAuthorizedPayment(request));
  });
});

describe('reauthorizePayment', () => {
  it('authorizes anew after the honor period, once', async () => {
    const authorizationId = await authorized();
    await control('clock/advance', { by: 'P4D' });
    const request = { authorizationId, body: { amount: usd('90.00') }, prefer: FULL, paypalRequestId: requestId() };
    const { statusCode, result } = await payments.reauthorizePayment(request);
    assert.deepEqual([statusCode, result.status, result.amount], [201, 'CREATED', usd('90.00')]);
    assert.notEqual(result.id, authorizationId);
    const again = await payments.reauthorizePayment(request);
    assert.deepEqual([again.statusCode, again.result.id], [200, result.id]);
  });

  it('refuses before that', async () => {
    const call = payments.reauthorizePayment({ authorizationId: await authorized(), body: { amount: usd('100.00') } });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'REAUTHORIZATION_TOO_SOON', call);
  });
});

describe('voidPayment', () => {
  it('answers nothing by default', async () => {
    const authorizationId = await authorized();
    const { statusCode, body } = await payments.voidPayment({ authorizationId });
    assert.deepEqual([statusCode, body], [204, '']);
    assert.equal(await status(authorizationId), 'VOIDED');
  });

  it('shows what was voided', async () => {
    const authorizationId = await authorized();
    const { statusCode, result } = await payments.voidPayment({ authorizationId, prefer: FULL });
    assert.deepEqual([statusCode, result.id, result.status], [200, authorizationId, 'VOIDED']);
    assert.deepEqual(rels(result), ['self', 'up']);
  });

  it('refuses what was captured', async () => {
    const authorizationId = await authorized();
    await payments.captureAuthorizedPayment({ authorizationId });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'PREVIOUSLY_CAPTURED', payments.voidPayment({ authorizationId }));
  });
});

describe('getCapturedPayment', () => {
  it('shows it', async () => {
    const { orderId, captureId } = await captured();
    const { statusCode, result } = await payments.getCapturedPayment({ captureId });
    assert.deepEqual([statusCode, result.id, result.status], [200, captureId, 'COMPLETED']);
    assert.deepEqual([result.amount, rels(result)], [usd('100.00'), ['self', 'refund', 'up']]);
    assert.equal(result.supplementaryData.relatedIds.orderId, orderId);
    assert.deepEqual(result.sellerReceivableBreakdown.netAmount, usd('96.02'));
  });

  it('refuses what is not there', async () => {
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', payments.getCapturedPayment({ captureId: NONE }));
  });

  it('refuses with the issue that is asked for', async () => {
    const request = { captureId: (await captured()).captureId, paypalMockResponse: mocked('PERMISSION_DENIED') };
    await refused(403, 'NOT_AUTHORIZED', 'PERMISSION_DENIED', payments.getCapturedPayment(request));
  });
});

describe('refundCapturedPayment', () => {
  it('gives back a part and then the rest, each once', async () => {
    const { captureId } = await captured();
    const part = { amount: usd('25.00'), noteToPayer: 'Sorry' };
    for (const [body, value, total, after] of [[part, '25.00', '25.00', 'PARTIALLY_REFUNDED'], [undefined, '75.00', '100.00', 'REFUNDED']]) {
      const request = { captureId, body, prefer: FULL, paypalRequestId: requestId() };
      const { statusCode, result } = await payments.refundCapturedPayment(request);
      assert.deepEqual([statusCode, result.status, result.amount], [201, 'COMPLETED', usd(value)]);
      assert.deepEqual(result.sellerPayableBreakdown.totalRefundedAmount, usd(total));
      assert.equal((await payments.getCapturedPayment({ captureId })).result.status, after);
      const again = await payments.refundCapturedPayment(request);
      assert.deepEqual([again.statusCode, again.result.id], [200, result.id]);
    }
  });

  it('refuses more than was captured', async () => {
    const call = payments.refundCapturedPayment({ captureId: (await captured()).captureId, body: { amount: usd('100.01') } });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'REFUND_AMOUNT_EXCEEDED', call);
  });

  it('refuses what was given back', async () => {
    const call = payments.refundCapturedPayment({ captureId: (await refunded()).captureId });
    await refused(422, 'UNPROCESSABLE_ENTITY', 'CAPTURE_FULLY_REFUNDED', call);
  });
});

describe('getRefund', () => {
  it('shows it', async () => {
    const { captureId, refundId } = await refunded();
    const { statusCode, result } = await payments.getRefund({ refundId });
    assert.deepEqual([statusCode, result.id, result.status], [200, refundId, 'COMPLETED']);
    assert.deepEqual([result.amount, rels(result)], [usd('100.00'), ['self', 'up']]);
    assert.ok(result.links[1].href.endsWith(`/v2/payments/captures/${captureId}`));
  });

  it('refuses what is not there', async () => {
    await refused(404, 'RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', payments.getRefund({ refundId: NONE }));
  });
});
