/** Use cases of processor. */

import { isDeepStrictEqual } from "node:util";

import type { Clock } from "./clock.js";
import { type CardKind, type FollowUpKind, type Request, type Stored, type Verdict, approved, judgeCard, judgeFollowUp } from "./domain.js";
import { cardProcessingNotEnabled, keyRequired, keyReused, keyUnknown } from "./errors.js";
import type { Code } from "./ids.js";
import type { Answer, CardRequest, FollowUp } from "./models.js";
import type { Repository } from "./repository.js";

const NETWORK_REFERENCE = 15; // characters
const ACQUIRER_REFERENCE = 23;

/**
 * Answers for banks. A request is stored, with its answer, before anybody hears of it; its key gets the same answer for ever.
 * It simulates: in live mode it refuses cards until a gateway to a real processor takes its place.
 */
export class Processor {
  constructor(
    private readonly repository: Repository,
    private readonly clock: Clock,
    private readonly code: Code,
    private readonly sandbox: boolean,
  ) {}

  /** Charge or authorize a card. */
  async askBank(kind: CardKind, body: CardRequest, key: string): Promise<Answer> {
    if (!this.sandbox) throw cardProcessingNotEnabled();
    const { card, amount, currency, reference } = body;
    const request = { key: given(key), kind, amount, currency, original: null, token: card.token, reference };
    const now = this.clock.now();
    const verdict = judgeCard({ ...card, lastDigits: card.last_digits }, now);
    return answer(await this.repository.store(this.withReferences(request, verdict), now), request);
  }

  /** Capture or void an authorization, refund a charge or a capture. */
  async followUp(kind: FollowUpKind, body: FollowUp, key: string): Promise<Answer> {
    const [amount, currency] = [body.amount ?? 0n, body.currency ?? ""];
    const request = { key: given(key), kind, amount, currency, original: body.original, token: null, reference: "" };
    const decide = (original: Stored | null) => this.withReferences(request, judgeFollowUp(kind, request, original));
    return answer(await this.repository.followUp(request, decide, this.clock.now()), request);
  }

  /** What became of a key. */
  async outcome(key: string): Promise<Answer> {
    const found = await this.repository.find(key);
    if (found === null) throw keyUnknown();
    return answer(found, found.request);
  }

  private withReferences(request: Request, verdict: Verdict): Stored {
    const acquirerReference = request.kind === "refund" && approved(verdict) ? this.code(ACQUIRER_REFERENCE) : null;
    return { request, verdict, networkReference: this.code(NETWORK_REFERENCE), acquirerReference, used: 0n, voided: false };
  }
}

function given(key: string): string {
  if (!key) throw keyRequired();
  return key;
}

function answer(stored: Stored, asked: Request): Answer {
  if (!isDeepStrictEqual(stored.request, asked)) throw keyReused();
  const { verdict, networkReference, acquirerReference } = stored;
  return {
    key: asked.key,
    kind: asked.kind,
    approved: approved(verdict),
    response_code: verdict.responseCode,
    avs_code: verdict.avsCode ?? undefined,
    cvv_code: verdict.cvvCode ?? undefined,
    network: verdict.network ?? undefined,
    network_reference: networkReference ?? undefined,
    acquirer_reference: acquirerReference ?? undefined,
  };
}
