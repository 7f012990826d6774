-- What signs tokens in sandbox mode, as PKCS #8; live mode takes its keys from a file. All are published, the highest slot signs.
CREATE TABLE signing_keys (
    slot int PRIMARY KEY,
    private bytea NOT NULL,
    created timestamptz NOT NULL
);
COMMENT ON TABLE signing_keys IS 'farthing:keep';

-- Who may sign in. `password_hash`: scrypt with its parameters and salt.
CREATE TABLE users (
    account_id text COLLATE "C" PRIMARY KEY,
    email text NOT NULL,
    password_hash text NOT NULL,
    created timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- Applications of businesses. A secret has 256 random bits, so that its SHA-256 is enough.
CREATE TABLE apps (
    client_id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text COLLATE "C" NOT NULL UNIQUE,
    app_id text NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    created timestamptz NOT NULL
);
CREATE INDEX apps_account ON apps (account_id, seq);

-- Browsers that are signed in, by the SHA-256 of the cookie. `expires` is real time.
CREATE TABLE sessions (
    id_hash bytea PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

-- Who agreed to pay which app with one click.
CREATE TABLE consents (
    account_id text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    given timestamptz NOT NULL,
    PRIMARY KEY (account_id, client_id)
);

-- Authorization codes and refresh tokens of users who logged in at an app, by their SHA-256. `expires` is real time.
CREATE TABLE codes (
    code_hash bytea PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    scope text NOT NULL,
    redirect_uri text,
    nonce text,
    used boolean NOT NULL DEFAULT false,
    expires timestamptz NOT NULL
);
CREATE INDEX codes_expires ON codes (expires);
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    scope text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires);
