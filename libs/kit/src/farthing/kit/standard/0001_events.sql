-- What a service tells others (outbox) and what it was told and has still to do (inbox). See farthing.kit.events.
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    data json NOT NULL,
    trace text NOT NULL DEFAULT '',
    at timestamptz NOT NULL
);
CREATE TABLE inbox (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    data json,
    trace text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    retry_at timestamptz,
    done boolean NOT NULL DEFAULT false
);
CREATE INDEX inbox_waiting ON inbox (seq) WHERE NOT done;
