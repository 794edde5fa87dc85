"""Which files are in Amazon States Language."""

from cloudseam.languages.yaml_tree import MappingNode, Node

# How the names of such files end. JSON is read as the YAML that it is.
SUFFIXES = (".asl.json", ".asl.yml", ".asl.yaml")
OWN_KEYS = frozenset({"StartAt", "States"})
KEYS_OF_OTHERS = frozenset({"version", "states", "machines"})


def is_definition(root: Node, file: str) -> bool:
    """Whether a file is in this language: by its name, or else by its keys."""
    if file.endswith(SUFFIXES):
        return True
    keys = root.entries.keys() if isinstance(root, MappingNode) else set()
    return bool(keys & OWN_KEYS) and not keys & KEYS_OF_OTHERS
