-- Post a batch. Items are numbered from 1; legs, uses of holds and new holds name their item; legs stand in the order of the items.
-- The caller sees to it that no id and no hold appears in two items of a batch, and that a leg's accounts differ and have one currency.
--
-- Every item has an outcome of its own: null when it was posted, 'replayed', or why it was refused, with the account or hold it failed on.
-- The accounts are locked first, sorted, in a statement of their own: the statements after it see all that the former holders of these locks wrote,
-- and two batches never wait for each other in a circle. Holds need no locks: whoever changes one has locked its account.
CREATE FUNCTION post(
    item_id text[], item_kind text[], item_reference text[], item_fingerprint bytea[], item_first int[], item_last int[], item_floors boolean[],
    leg_item int[], leg_number smallint[], leg_debit bigint[], leg_credit bigint[], leg_amount bigint[], leg_floor bigint[],
    leg_flat bigint[],                      -- debit, credit, amount of leg 1, 2, …
    use_item int[], use_hold text[], use_take bigint[], use_close boolean[],
    new_item int[], new_hold text[], new_account bigint[], new_amount bigint[], new_reference text[],
    moment timestamptz,
    OUT outcome text[], OUT detail text[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    size int := cardinality(item_id);
    has_holds boolean := cardinality(use_hold) + cardinality(new_hold) > 0;
    ids bigint[];                           -- the accounts of this batch, sorted; and beside them
    available bigint[];                     -- what they have, as the items are judged one after another
    floors bigint[];
    use_account bigint[] := '{}';
    use_freed bigint[] := array_fill(0::bigint, ARRAY[cardinality(use_hold)]);
    judged int := 0;                        -- the item that is being judged, and what it has done to available so far
    slots int[];
    amounts bigint[];
    seqs bigint[];
    written bigint;
    found record;
BEGIN
    outcome := array_fill(NULL::text, ARRAY[size]);
    detail := outcome;
    IF has_holds THEN
        SELECT coalesce(array_agg(h.account_id), '{}') INTO use_account FROM holds h WHERE h.id = ANY (use_hold);
    END IF;
    SELECT array_agg(a.id), array_agg(a.balance - a.held), array_agg(a.floor) INTO ids, available, floors
    FROM (
        SELECT l.id, l.balance, l.held, coalesce(l.floor, -9223372036854775808) AS floor FROM accounts l
        WHERE l.id = ANY (leg_debit || leg_credit || new_account || use_account) ORDER BY l.id FOR NO KEY UPDATE
    ) a;

    FOR found IN
        SELECT u.n, t.fingerprint = u.fingerprint AS same
        FROM unnest(item_id, item_fingerprint) WITH ORDINALITY u (id, fingerprint, n) JOIN transfers t ON t.id = u.id
    LOOP
        outcome[found.n] := CASE WHEN found.same THEN 'replayed' ELSE 'transfer_conflict' END;
    END LOOP;

    IF has_holds THEN
        use_account := array_fill(NULL::bigint, ARRAY[cardinality(use_hold)]);
        FOR found IN
            SELECT u.n, u.item, u.hold, u.take, h.account_id, h.closed_by, h.remaining,
                   CASE WHEN u.close THEN h.remaining ELSE u.take END AS freed,
                   sum(u.take) OVER (PARTITION BY u.item, h.account_id) AS taken,
                   (SELECT sum(l.amount) FROM unnest(leg_item, leg_debit, leg_amount) l (item, debit, amount)
                    WHERE l.item = u.item AND l.debit = h.account_id) AS debited
            FROM unnest(use_item, use_hold, use_take, use_close) WITH ORDINALITY u (item, hold, take, close, n) LEFT JOIN holds h ON h.id = u.hold
            ORDER BY u.n
        LOOP
            use_account[found.n] := found.account_id;
            use_freed[found.n] := found.freed;
            IF outcome[found.item] IS NULL THEN
                outcome[found.item] := CASE WHEN found.account_id IS NULL THEN 'hold_not_found'
                                            WHEN found.closed_by IS NOT NULL THEN 'hold_closed'
                                            WHEN found.take > found.remaining THEN 'hold_exceeded'
                                            WHEN found.taken > coalesce(found.debited, 0) THEN 'hold_mismatch' END;
                detail[found.item] := found.hold;
            END IF;
        END LOOP;
        FOR found IN SELECT u.item, u.hold FROM unnest(new_item, new_hold) u (item, hold) JOIN holds h ON h.id = u.hold LOOP
            IF outcome[found.item] IS NULL THEN
                outcome[found.item] := 'hold_conflict';
                detail[found.item] := found.hold;
            END IF;
        END LOOP;
    END IF;

    -- Judge the items in their order, each by what it does to each account on the whole. A refused one leaves no trace in what the next ones find.
    FOR found IN
        SELECT c.item, a.n AS slot, c.account, sum(c.amount)::bigint AS amount, min(coalesce(c.floor, a.floor)) FILTER (WHERE c.amount < 0) AS floor
        FROM (
            SELECT l.item, l.debit AS account, -l.amount AS amount, l.floor FROM unnest(leg_item, leg_debit, leg_amount, leg_floor) l (item, debit, amount, floor)
            UNION ALL
            SELECT l.item, l.credit, l.amount, NULL FROM unnest(leg_item, leg_credit, leg_amount) l (item, credit, amount)
            UNION ALL
            SELECT u.item, u.account, u.freed, NULL FROM unnest(use_item, use_account, use_freed) u (item, account, freed)
            UNION ALL
            SELECT h.item, h.account, -h.amount, NULL FROM unnest(new_item, new_account, new_amount) h (item, account, amount)
        ) c
        LEFT JOIN unnest(ids, floors) WITH ORDINALITY a (id, floor, n) ON a.id = c.account
        GROUP BY c.item, c.account, a.n
        ORDER BY c.item, c.account
    LOOP
        IF found.item <> judged THEN
            judged := found.item;
            slots := '{}';
            amounts := '{}';
        END IF;
        CONTINUE WHEN outcome[judged] IS NOT NULL;
        IF found.slot IS NULL OR (found.amount < 0 AND available[found.slot] + found.amount < found.floor) THEN
            outcome[judged] := CASE WHEN found.slot IS NULL THEN 'account_not_found' ELSE 'insufficient_funds' END;
            detail[judged] := found.account;
            FOR n IN 1 .. cardinality(slots) LOOP
                available[slots[n]] := available[slots[n]] - amounts[n];
            END LOOP;
        ELSE
            available[found.slot] := available[found.slot] + found.amount;
            slots := slots || found.slot::int;
            amounts := amounts || found.amount;
        END IF;
    END LOOP;

    SELECT array_agg(nextval('transfer_seq')) INTO seqs FROM generate_series(1, size);
    INSERT INTO transfers (id, seq, kind, reference, fingerprint, legs, floors, posted_at)
    SELECT u.id, seqs[u.n], u.kind, u.reference, u.fingerprint, leg_flat[u.first * 3 - 2 : u.last * 3],
           CASE WHEN u.floors THEN leg_floor[u.first : u.last] END, moment
    FROM unnest(item_id, item_kind, item_reference, item_fingerprint, item_first, item_last, item_floors)
        WITH ORDINALITY u (id, kind, reference, fingerprint, first, last, floors, n)
    WHERE outcome[u.n] IS NULL
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> (SELECT count(1) FROM unnest(outcome) o WHERE o IS NULL) THEN
        -- A twin on other accounts was in flight elsewhere, so that our locks did not wait for it. All must be judged anew.
        RAISE EXCEPTION 'a transfer with an id of this batch was posted meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;

    WITH e AS MATERIALIZED (
        SELECT l.item, l.number, l.debit AS account, -l.amount AS amount, l.n * 2 AS n
        FROM unnest(leg_item, leg_number, leg_debit, leg_amount) WITH ORDINALITY l (item, number, debit, amount, n) WHERE outcome[l.item] IS NULL
        UNION ALL
        SELECT l.item, l.number, l.credit, l.amount, l.n * 2 + 1
        FROM unnest(leg_item, leg_number, leg_credit, leg_amount) WITH ORDINALITY l (item, number, credit, amount, n) WHERE outcome[l.item] IS NULL
    ), net AS (
        SELECT c.account, sum(c.amount)::bigint AS amount, sum(c.held)::bigint AS held, sum(c.entries)::bigint AS entries
        FROM (
            SELECT e.account, e.amount, 0::bigint AS held, 1 AS entries FROM e
            UNION ALL
            SELECT u.account, 0, -u.freed, 0 FROM unnest(use_item, use_account, use_freed) u (item, account, freed) WHERE outcome[u.item] IS NULL
            UNION ALL
            SELECT h.account, 0, h.amount, 0 FROM unnest(new_item, new_account, new_amount) h (item, account, amount) WHERE outcome[h.item] IS NULL
        ) c
        GROUP BY c.account
    ), changed AS (
        UPDATE accounts a SET balance = a.balance + net.amount, held = a.held + net.held, version = a.version + net.entries
        FROM net WHERE a.id = net.account
        RETURNING a.id, a.balance - net.amount AS balance, a.version - net.entries AS version
    )
    INSERT INTO entries (account_id, version, transfer, leg, amount, balance)
    SELECT e.account, a.version + row_number() OVER w, seqs[e.item], e.number, e.amount, a.balance + sum(e.amount) OVER w
    FROM e JOIN changed a ON a.id = e.account
    WINDOW w AS (PARTITION BY e.account ORDER BY e.n ROWS UNBOUNDED PRECEDING);

    IF has_holds THEN
        UPDATE holds h SET remaining = h.remaining - u.freed, closed_by = CASE WHEN u.close THEN seqs[u.item] END
        FROM unnest(use_item, use_hold, use_close, use_freed) u (item, hold, close, freed)
        WHERE h.id = u.hold AND outcome[u.item] IS NULL;
        INSERT INTO holds (id, account_id, amount, remaining, reference, placed_by, placed_at)
        SELECT h.hold, h.account, h.amount, h.amount, h.reference, seqs[h.item], moment
        FROM unnest(new_item, new_hold, new_account, new_amount, new_reference) h (item, hold, account, amount, reference)
        WHERE outcome[h.item] IS NULL;
    END IF;
END $$;
