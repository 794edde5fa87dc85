"""The API of Step Functions, over an engine in one process."""
