-- Events that were given up: `dead` is the name of the last error. `refusals`: attempts that failed although nothing was away.
ALTER TABLE inbox ADD COLUMN dead text, ADD COLUMN refusals int NOT NULL DEFAULT 0;
