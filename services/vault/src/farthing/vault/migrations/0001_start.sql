-- The only table of the platform that holds card numbers: `sealed` is AES-256-GCM over number and name, bound to the token.
CREATE TABLE cards (
    token text COLLATE "C" PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,          -- the writer's idempotency key
    fingerprint text COLLATE "C" NOT NULL,         -- keyed hash of the content, to tell a replay from another card under the same key
    sealed bytea NOT NULL,
    brand text NOT NULL,
    last_digits text NOT NULL,
    expiry text NOT NULL,
    scenario text NOT NULL,
    customer_id text,
    created timestamptz NOT NULL
);
CREATE INDEX cards_of_customer ON cards (customer_id, created DESC) WHERE customer_id IS NOT NULL;

-- Sandbox mode only: live mode takes its key from the settings, never from the database that it protects.
CREATE TABLE sandbox_keys (id int PRIMARY KEY CHECK (id = 1), secret bytea NOT NULL);
COMMENT ON TABLE sandbox_keys IS 'farthing:keep';
