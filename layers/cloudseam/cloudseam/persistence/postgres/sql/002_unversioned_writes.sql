-- A writer that knows nothing of versions (the original, or a repair by hand) changes `data` and
-- leaves the version as it is. Such a row counts as the original's again: whoever has read it
-- before loses the race, and a new life in a tombstone's place does not expire.

CREATE OR REPLACE FUNCTION cloudseam_forget_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := NULL;
    NEW.machine := NULL;
    NEW.expires_at := NULL;
    RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS cloudseam_unversioned_write ON stacks;

CREATE TRIGGER cloudseam_unversioned_write
    BEFORE UPDATE OF data ON stacks
    FOR EACH ROW
    WHEN (NEW.version IS NOT DISTINCT FROM OLD.version AND NEW.data IS DISTINCT FROM OLD.data)
    EXECUTE FUNCTION cloudseam_forget_version();

INSERT INTO cloudseam_migrations (number, name) VALUES (2, 'unversioned_writes')
ON CONFLICT DO NOTHING;
