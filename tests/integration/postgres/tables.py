"""Tables as others have made them, for migrations to take over."""

# As state-machine 0.4.0 makes it, and as its releases before that did.
ORIGINAL = (
    'CREATE TABLE "stacks" ("id" VARCHAR(30) NOT NULL UNIQUE, "data" TEXT NOT NULL, '
    "creation_time TIMESTAMP NOT NULL, last_updated_time TIMESTAMP NOT NULL, "
    'CONSTRAINT stacks_pk PRIMARY KEY ("id"))'
)
EARLIER = (
    'CREATE TABLE "stacks" ("id" VARCHAR(30) NOT NULL UNIQUE, "machine" VARCHAR(30) NOT NULL, '
    '"data" TEXT NOT NULL, CONSTRAINT stacks_pk PRIMARY KEY ("id"))'
)
# As somebody may have made it by hand.
JSONB = (
    "CREATE TABLE stacks (id text PRIMARY KEY, data jsonb NOT NULL, "
    "creation_time timestamptz DEFAULT now(), last_updated_time timestamptz DEFAULT now())"
)
JSON = JSONB.replace("jsonb", "json")

# How the original writes a row, and how it removes one.
ORIGINAL_SAVE = (
    "INSERT INTO stacks (id, data, creation_time, last_updated_time) "
    "VALUES (:id, :data, CAST(:now AS timestamp), CAST(:now AS timestamp)) "
    "ON CONFLICT(id) DO UPDATE SET data = :data, last_updated_time = CAST(:now AS timestamp)"
)
ORIGINAL_REMOVE = "DELETE FROM stacks WHERE id = :id"

COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
WHERE attrelid = 'stacks'::regclass AND attnum > 0 AND NOT attisdropped
"""
