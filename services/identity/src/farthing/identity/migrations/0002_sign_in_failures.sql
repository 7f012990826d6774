-- Names under which signing in failed lately, by the SHA-256 of the address in lower case (it may be nobody's). `until` is real time.
CREATE TABLE sign_in_failures (
    name_hash bytea PRIMARY KEY,
    failures int NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_until ON sign_in_failures (until);
