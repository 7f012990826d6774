-- Authorizations, captures and refunds whose outcome is known, and the intents of what is being made. Amounts are minor units of `currency`.
-- A row of the three is written when the money has moved (or has been refused by a card's bank), never before.

-- What is being made, or was: the row is the idempotency record, too. A refused intent is deleted.
CREATE TABLE intents (
    id text COLLATE "C" PRIMARY KEY,            -- the idempotency key
    attempt text COLLATE "C" NOT NULL,          -- id of what is made, new for every try
    kind text NOT NULL,
    subject text NOT NULL,                      -- the order, authorization or capture
    plan json,                                  -- NULL once it is done
    fingerprint text NOT NULL DEFAULT '',
    done boolean NOT NULL DEFAULT false,
    shared boolean NOT NULL DEFAULT false,      -- somebody besides the one who opened it carries it out
    expires timestamptz,                        -- of the idempotency record, on the platform's clock; NULL: never
    started timestamptz NOT NULL DEFAULT now()  -- real time
) WITH (fillfactor = 70);
CREATE INDEX intents_open ON intents (started) WHERE NOT done;
CREATE INDEX intents_by_expiry ON intents (expires) WHERE expires IS NOT NULL;

-- Invoice ids of merchants who take each only once: whose they are (an order's or a capture's).
CREATE TABLE invoices (
    merchant text COLLATE "C" NOT NULL,
    invoice text NOT NULL,
    owner text NOT NULL,
    attempt text COLLATE "C" NOT NULL,
    PRIMARY KEY (merchant, invoice)
);
CREATE INDEX invoices_by_attempt ON invoices (attempt);

CREATE TABLE authorizations (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY,
    intent text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    reference_id text NOT NULL,
    client_id text NOT NULL,
    merchant text NOT NULL,
    merchant_email text NOT NULL,
    payer text,
    source text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    granted bigint NOT NULL CHECK (granted > 0),
    capture_limit bigint NOT NULL,
    hold text,
    status text NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    honored_until timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    captured bigint NOT NULL CHECK (captured BETWEEN 0 AND capture_limit),
    captures int NOT NULL,
    closing text,
    details json NOT NULL,
    busy text COLLATE "C",                      -- the intent that changes it just now
    version int NOT NULL
);
CREATE INDEX authorizations_by_order ON authorizations (order_id);
CREATE INDEX authorizations_open ON authorizations (seq) WHERE status IN ('CREATED', 'PARTIALLY_CAPTURED');
CREATE INDEX authorizations_expiring ON authorizations (expires) WHERE status IN ('CREATED', 'PARTIALLY_CAPTURED');

-- Other names of an authorization.
CREATE TABLE reauthorizations (
    id text COLLATE "C" PRIMARY KEY,
    authorization_id text COLLATE "C" NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    created timestamptz NOT NULL
);
CREATE INDEX reauthorizations_of ON reauthorizations (authorization_id);

CREATE TABLE captures (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY,
    intent text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    authorization_id text COLLATE "C",
    reference_id text NOT NULL,
    client_id text NOT NULL,
    merchant text NOT NULL,
    merchant_email text NOT NULL,
    payer text,
    source text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    fee bigint NOT NULL CHECK (fee >= 0),
    platform_fee bigint NOT NULL CHECK (platform_fee >= 0 AND fee + platform_fee <= amount),
    platform_payee text,
    transfer text,
    status text NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    final boolean NOT NULL,
    refunded bigint NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    refunds int NOT NULL,
    platform_refunded bigint NOT NULL CHECK (platform_refunded BETWEEN 0 AND platform_fee),
    details json NOT NULL,
    busy text COLLATE "C",
    version int NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX captures_in_order ON captures (seq);
CREATE INDEX captures_by_order ON captures (order_id);

CREATE TABLE refunds (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY,
    intent text COLLATE "C" NOT NULL,
    capture_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    reference_id text NOT NULL,
    client_id text NOT NULL,
    merchant text NOT NULL,
    merchant_email text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    total bigint NOT NULL,
    contribution bigint NOT NULL,
    status text NOT NULL,
    created timestamptz NOT NULL,
    updated timestamptz NOT NULL,
    details json NOT NULL
);
CREATE UNIQUE INDEX refunds_in_order ON refunds (seq);
CREATE INDEX refunds_by_order ON refunds (order_id);
