-- Every request that ever arrived, by its key, with the answer that it got. Amounts are minor units.
CREATE TABLE requests (
    key text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    original text,                      -- what a capture, void or refund is about
    token text,                         -- the card, as vault names it
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    reference text NOT NULL DEFAULT '',
    approved boolean NOT NULL,
    response_code text NOT NULL,
    avs_code text,
    cvv_code text,
    network text,
    network_reference text,
    acquirer_reference text,
    used bigint NOT NULL DEFAULT 0,     -- captured of an authorization, refunded of a charge or capture
    voided boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL
);
