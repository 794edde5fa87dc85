"""The library's own actions of its examples and tests."""
