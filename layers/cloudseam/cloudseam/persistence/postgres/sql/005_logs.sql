-- What the language of a stack's machine told of each commit, JSON as text.
CREATE TABLE IF NOT EXISTS cloudseam_logs (
    stack_id varchar(255) NOT NULL,
    version bigint NOT NULL,
    events text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (stack_id, version)
);

INSERT INTO cloudseam_migrations (number, name) VALUES (5, 'logs')
ON CONFLICT DO NOTHING;
