-- People and businesses. `key` is the idempotency key of the call that opened the account.
CREATE TABLE accounts (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text COLLATE "C" NOT NULL UNIQUE,
    email text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('personal', 'business')),
    country text NOT NULL,
    given_name text NOT NULL DEFAULT '',
    surname text NOT NULL DEFAULT '',
    business_name text,
    address json,
    created timestamptz NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

-- Cards as the vault's tokens. No foreign key: reset and restore write tables one by one, and accounts are never removed otherwise.
CREATE TABLE instruments (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    account_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('card')),
    token text NOT NULL,
    brand text NOT NULL,
    last_digits text NOT NULL,
    expiry text NOT NULL,
    name text NOT NULL
);
CREATE INDEX instruments_account ON instruments (account_id, seq);
