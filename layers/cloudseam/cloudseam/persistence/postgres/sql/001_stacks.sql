-- The table of stacks: made new, or taken over from the original CloudSeam with all its rows.
-- Nothing is rewritten unless `data` is json or jsonb, so it takes no time on a large table.

CREATE TABLE IF NOT EXISTS cloudseam_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- As the original makes it, but for the length of ids.
CREATE TABLE IF NOT EXISTS stacks (
    id varchar(255) NOT NULL,
    data text NOT NULL,
    creation_time timestamp NOT NULL,
    last_updated_time timestamp NOT NULL,
    CONSTRAINT stacks_pk PRIMARY KEY (id)
);

-- version: counts commits; none where CloudSeam has not written the row yet.
-- machine: as in `data`, for looking stacks up; `data` is what counts.
-- expires_at: when the tombstone of a removed stack may go; none for a living stack.
ALTER TABLE stacks
    ADD COLUMN IF NOT EXISTS creation_time timestamp,
    ADD COLUMN IF NOT EXISTS last_updated_time timestamp,
    ADD COLUMN IF NOT EXISTS version bigint,
    ADD COLUMN IF NOT EXISTS machine text,
    ADD COLUMN IF NOT EXISTS expires_at timestamptz;

-- Early releases of the original had a `machine` of their own, short and required.
ALTER TABLE stacks
    ALTER COLUMN machine TYPE text,
    ALTER COLUMN machine DROP NOT NULL;

-- The original's ids end at 30 characters. `data` is kept to the letter: jsonb would refuse \u0000
-- and reorder keys. Only what differs is altered: a view on the column would forbid it.
DO $$
DECLARE
    id_type text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                     WHERE attrelid = 'stacks'::regclass AND attname = 'id');
    data_type text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                       WHERE attrelid = 'stacks'::regclass AND attname = 'data');
BEGIN
    IF id_type <> 'character varying(255)' THEN
        ALTER TABLE stacks ALTER COLUMN id TYPE varchar(255);
    END IF;
    IF data_type <> 'text' THEN
        ALTER TABLE stacks ALTER COLUMN data TYPE text USING data::text;
    END IF;
END
$$;

-- Each transition rewrites a row: room for the new version beside the old one saves the indexes.
ALTER TABLE stacks SET (fillfactor = 85);

INSERT INTO cloudseam_migrations (number, name) VALUES (1, 'stacks') ON CONFLICT DO NOTHING;
