-- When an event was written, in real time: `at` is on the platform's clock, which the operator moves. Not in the release before: hence the default.
ALTER TABLE outbox ADD COLUMN recorded timestamptz NOT NULL DEFAULT now();
ALTER TABLE inbox ADD COLUMN recorded timestamptz NOT NULL DEFAULT now();
