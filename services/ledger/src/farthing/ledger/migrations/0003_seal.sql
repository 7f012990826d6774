-- Seal the oldest unsealed transfers, about `most` of them, into the next block and answer how many: 0 when there is nothing to seal, or somebody else
-- is sealing. Only transactions below the horizon are sealed: all of them are over, so that none can appear later among what is sealed.
CREATE FUNCTION seal(most int, moment timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_number bigint;
    last_xid xid8;                          -- the last block ends before it
    last_hash bytea;
    horizon xid8;
    upto xid8;
    made record;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('farthing-ledger-seal')) THEN
        RETURN 0;
    END IF;
    SELECT b.number, b.to_xid, b.hash INTO last_number, last_xid, last_hash FROM blocks b ORDER BY b.number DESC LIMIT 1;
    last_xid := coalesce(last_xid, '0');
    horizon := pg_snapshot_xmin(pg_current_snapshot());
    SELECT t.xid INTO upto FROM transfers t WHERE t.xid >= last_xid AND t.xid < horizon ORDER BY t.xid, t.seq OFFSET most LIMIT 1;
    upto := coalesce(upto, horizon);
    SELECT b.transfers, b.entries, b.hash INTO made FROM block_of(coalesce(last_hash, ''), last_xid, upto) b;
    IF made.transfers > 0 THEN
        INSERT INTO blocks (number, from_xid, to_xid, transfers, entries, hash, sealed_at)
        VALUES (coalesce(last_number, 0) + 1, last_xid, upto, made.transfers, made.entries, made.hash, moment);
    END IF;
    RETURN made.transfers;
END $$;
