"""The one thing of JSON that YAML does not have: a character escaped as a pair of surrogates."""

import re

# A character beyond U+FFFF as JSON may escape it (RFC 8259, section 7), its backslash not escaped.
PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")


def joined_pairs(text: str) -> str:
    """A text in JSON with each escaped pair as the character that it is; YAML has no such pairs."""
    if not text.lstrip().startswith("{"):
        return text
    return PAIR.sub(
        lambda found: (
            found[1]
            + found[2]
            .encode()
            .decode("unicode_escape")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16")
        ),
        text,
    )
