/** What crosses the boundary of processor. Amounts are minor units; no card number, only vault's token. Unknown properties are dropped. */

import { z } from "zod";

const MAX_MINOR = 10 ** 15;

const Key = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);
const Amount = z.int().positive().max(MAX_MINOR).transform(BigInt);
const Currency = z.string().regex(/^[A-Z]{3}$/);

/** Take the amount from a card now (charge), or only reserve it (authorize). */
export const CardRequest = z.object({
  card: z.object({
    token: z.string().min(1).max(64),
    brand: z.string().default("UNKNOWN"),
    last_digits: z.string().default(""),
    expiry: z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])$/),
    scenario: z.string().default(""),
  }),
  amount: Amount,
  currency: Currency,
  reference: z.string().default(""),
});
export type CardRequest = z.infer<typeof CardRequest>;

/** Something about an earlier request, named by its key: capture or void an authorization, refund a charge or a capture. */
export const FollowUp = z.object({ original: Key, amount: Amount.nullish(), currency: Currency.nullish() });
export type FollowUp = z.infer<typeof FollowUp>;

/** What the card's bank said to the request with this key. It never changes. What is not there is left out. */
export interface Answer {
  key: string;
  kind: string;
  approved: boolean;
  response_code: string;
  avs_code: string | undefined;
  cvv_code: string | undefined;
  network: string | undefined;
  network_reference: string | undefined;
  acquirer_reference: string | undefined;
}
