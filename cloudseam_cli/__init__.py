"""The `cloudseam` command line. Never in a Lambda package."""
