-- Who works on what. `owner`, `until` (epoch milliseconds) and `done` are as in `data`, for
-- conditions; `data` is what counts. Nobody needs a claim after expires_at.
CREATE TABLE IF NOT EXISTS cloudseam_claims (
    key text PRIMARY KEY,
    owner text NOT NULL,
    until bigint NOT NULL,
    done boolean NOT NULL,
    data text NOT NULL,
    expires_at timestamptz NOT NULL
);

-- For clearing claims whose time is over.
CREATE INDEX IF NOT EXISTS cloudseam_claims_by_expiry ON cloudseam_claims (expires_at);

-- Machines as they were, for the stacks that started on them.
CREATE TABLE IF NOT EXISTS cloudseam_machines (
    digest text PRIMARY KEY,
    name text NOT NULL,
    source text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);

-- What each commit of a stack added to its history (HISTORY=full), JSON as text.
CREATE TABLE IF NOT EXISTS cloudseam_history (
    stack_id varchar(255) NOT NULL,
    version bigint NOT NULL,
    entries text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (stack_id, version)
);

INSERT INTO cloudseam_migrations (number, name) VALUES (4, 'claims_versions_history')
ON CONFLICT DO NOTHING;
