-- Permissions of payers to pay a merchant again without being asked: the wallet's account, and which of its stored cards pays (NULL: its balance).
CREATE TABLE wallets (
    token text COLLATE "C" PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,          -- the writer's idempotency key
    account_id text COLLATE "C" NOT NULL,
    card text COLLATE "C",
    customer_id text NOT NULL,
    created timestamptz NOT NULL
);
