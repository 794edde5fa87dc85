"""The rules of Amazon States Language, by what they are about."""
