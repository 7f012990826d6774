-- What the operator has done to the platform. Every change raises the one revision number.
-- A missing row of clock: real time. moved: how far ahead of real time it runs; frozen: the moment at which it stands.
CREATE TABLE clock (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    moved interval NOT NULL,
    frozen timestamptz
);
CREATE TABLE switches (
    name text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);
-- rule: what its kind needs, as JSON. times: how often it fires at most; hits: how often it has.
CREATE TABLE faults (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    operation text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    times int CHECK (times > 0),
    hits int NOT NULL DEFAULT 0 CHECK (hits <= times)
);
CREATE TABLE revision (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL
);
COMMENT ON TABLE revision IS 'farthing:keep - a process that saw a later number must not take an older state for a newer one';
