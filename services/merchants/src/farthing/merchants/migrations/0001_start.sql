-- Businesses that can be paid. `rate_card` is NULL where the standard one applies.
CREATE TABLE merchants (
    account_id text COLLATE "C" PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    rate_card json,
    block_repeated_invoices boolean NOT NULL DEFAULT false,
    created timestamptz NOT NULL
);
CREATE UNIQUE INDEX merchants_email ON merchants (lower(email));

-- Who may act for whom. No foreign key: reset and restore write tables one by one, and merchants are never removed otherwise.
CREATE TABLE consents (
    merchant_id text COLLATE "C" NOT NULL,
    partner_id text COLLATE "C" NOT NULL,
    given timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, partner_id)
);
