CREATE TABLE orders (
    id text COLLATE "C" PRIMARY KEY,
    version int NOT NULL DEFAULT 1,
    client_id text NOT NULL,
    creator text NOT NULL,
    merchant text NOT NULL,
    intent text NOT NULL CHECK (intent IN ('CAPTURE', 'AUTHORIZE')),
    status text NOT NULL CHECK (status IN ('CREATED', 'PAYER_ACTION_REQUIRED', 'APPROVED', 'COMPLETED', 'EXPIRED')),
    document json NOT NULL,
    context json NOT NULL,
    funding json,
    vaulted text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- The key of its payment, the same for every attempt.
    payment_key text NOT NULL,
    -- While it is being paid: since when (real time, not the platform's clock, for this is how long the one who does it has been silent),
    -- the idempotency record that success will leave, what the order goes back to should the payment be refused.
    paying_at timestamptz,
    paying_request text,
    paying_print text NOT NULL DEFAULT '',
    before json,
    CHECK (paying_at IS NULL OR status = 'APPROVED'),
    CHECK (status <> 'APPROVED' OR funding IS NOT NULL)
);
CREATE INDEX orders_paying ON orders (paying_at) WHERE paying_at IS NOT NULL;
CREATE INDEX orders_expiring ON orders (expires_at) WHERE status <> 'COMPLETED';
CREATE INDEX orders_vaulted ON orders (vaulted) WHERE vaulted IS NOT NULL;

-- Which request made or paid which order. Written only together with that.
CREATE TABLE idempotency (
    key text COLLATE "C" PRIMARY KEY,
    resource text NOT NULL,
    print text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL
);
CREATE INDEX idempotency_expiring ON idempotency (expires_at);
