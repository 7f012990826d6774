-- Where a delivery comes from: the trace of its cause, and when that was written, in real time. Not in the release before: hence the defaults.
ALTER TABLE deliveries ADD COLUMN trace text NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN recorded timestamptz NOT NULL DEFAULT now();
