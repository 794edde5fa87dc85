"""Amazon States Language: https://states-language.net/spec.html, as Step Functions runs it."""
