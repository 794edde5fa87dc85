"""The rules of the YAML that machines may be written in."""

from cloudseam.languages.rule import Rule

# How the names of files in YAML end.
SUFFIXES = (".yml", ".yaml")
MAX_BYTES = 256 * 1024
MAX_DEPTH = 50
MAX_ALIASES = 1_000
# Characters and values with every alias written out. A file without aliases stays well below.
MAX_EXPANDED_SIZE = 2_000_000

TOO_LARGE = Rule(
    f"The file is larger than {MAX_BYTES // 1024} KiB.",
    "Move large variables to where the task finds them by itself.",
)
NOT_UTF8 = Rule("The file is not UTF-8 text.", "Save it in the encoding UTF-8.")
BAD_CHARACTER = Rule(
    "The character {code} cannot stand in YAML.", 'Remove it, or write it in quotes as "{escape}".'
)
EMPTY = Rule("The file is empty.", "Begin with `version: 1`.")
SECOND_DOCUMENT = Rule(
    "A second document begins here.", "Keep one machine in a file; remove the `---`."
)

TAB = Rule("A tab is used for indentation.", "Indent with spaces.")
UNCLOSED_QUOTE = Rule("The quote that begins here is not closed.", "Close it with the same mark.")
UNCLOSED_BRACKET = Rule(
    "The bracket that opens here is not closed properly.",
    "Put commas between its items and close it with `]` or `}}`.",
)
MISPLACED_COLON = Rule(
    "A `:` cannot stand here.",
    "Quote the text if it holds `: `; otherwise check how far this line and the one before are "
    "indented.",
)
COLON_IN_VALUE = Rule(
    "A second `:` stands in this value.", "Quote the text, or put a comma before the next key."
)
MISSING_SPACE = Rule("There is no space after a key's `:`.", "Put a space after `{key}:`.")
MISSING_COLON = Rule("This line has no `:` after its key.", "Write it as `key: value`.")
RESERVED_CHARACTER = Rule("A value cannot begin with {character}.", "Quote the value.")
BAD_ESCAPE = Rule(
    "The escape in this text is not one of YAML's.",
    "Double the `\\`, or put the text in single quotes.",
)
MISALIGNED = Rule(
    "This does not line up with what it belongs to.",
    "Check how far the lines around it are indented.",
)
SYNTAX = Rule("This is not YAML: {reason}.", "Check the text around here.")

TOO_DEEP = Rule(f"Values are nested more than {MAX_DEPTH} deep.", "Flatten them.")
TOO_MANY_ALIASES = Rule(
    f"The file has more than {MAX_ALIASES:,} aliases.", "Write fewer, larger anchors."
)
TOO_EXPANDED = Rule(
    f"With its aliases written out the file has more than {MAX_EXPANDED_SIZE:,} characters.",
    "Do not alias values that hold aliases of large values themselves.",
)
SELF_ALIAS = Rule("The alias {alias} stands inside its own anchor.", "Write the value out.")
UNKNOWN_ALIAS = Rule(
    "There is no anchor for the alias {alias}.", "{hint}Write the anchor, as in {anchor}, above it."
)

KEY_NOT_TEXT = Rule("A key must be text, but is {kind}.", "{hint}")
KEY_TWICE = Rule(
    "The key {key} is written twice in one mapping.",
    "Remove one of the two; the first is on line {line}.",
)
MERGE_TWICE = Rule(
    "`<<` is written twice in one mapping.", "Merge all at once, as in `<<: [*one, *other]`."
)
BAD_MERGE = Rule(
    "`<<` merges mappings, but is given {kind}.",
    "Give it the alias of a mapping, or a list of such aliases.",
)
FOREIGN_TAG = Rule("The tag {tag} is not accepted.", "Write the value without a tag.")
TAG_MISMATCH = Rule("The value does not fit its tag {tag}.", "Write the value without a tag.")
UNUSABLE_NUMBER = Rule(
    "The number is not finite, or has more than 38 digits.", "Quote it to make it text."
)
