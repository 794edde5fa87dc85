-- For listing the stacks of a machine, page by page. The state is left out: it changes with each
-- transition, and a transition then costs no index a write.
CREATE INDEX IF NOT EXISTS stacks_by_machine ON stacks (machine, id);

-- For clearing tombstones whose time is over.
CREATE INDEX IF NOT EXISTS stacks_by_expiry ON stacks (expires_at) WHERE expires_at IS NOT NULL;

INSERT INTO cloudseam_migrations (number, name) VALUES (3, 'lookups') ON CONFLICT DO NOTHING;
