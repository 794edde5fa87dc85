"""The API of Step Functions, over an engine in one process."""

# That of Step Functions Local.
DEFAULT_PORT = 8083
