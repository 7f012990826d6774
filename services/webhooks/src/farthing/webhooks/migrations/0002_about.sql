-- What an event is about, in the words of faults: {"order": …, "buyer": the account's id}. It is not in every body, and faults match it.
ALTER TABLE events ADD COLUMN about json;
