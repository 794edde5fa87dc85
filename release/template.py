"""The template as people deploy it: its code lies in a bucket that they name."""

import re
from collections.abc import Mapping

# A resource of the template, and the line that says where its code is before it is built.
RESOURCE = re.compile(r"^  (\w+):")
CODE = re.compile(r"^      (CodeUri|ContentUri): \S+/$")

GROUP = """\
      - Label: {default: Where the release lies}
        Parameters: [ArtifactBucket, ArtifactPrefix]
"""
PARAMETERS = """\
  ArtifactBucket:
    Type: String
    Description: The bucket that the zips of the release are in, in the same region.
  ArtifactPrefix:
    Type: String
    Default: cloudseam/VERSION/
    AllowedPattern: (.+/)?
    ConstraintDescription: It is empty, or ends with a slash.
    Description: The folder that they are in.
"""


def built_resources(template: str) -> list[str]:
    """The resources that `sam build` makes a folder for."""
    return [resource for resource, _ in _lines_of_code(template).values()]


def packaged_template(template: str, archives: Mapping[str, str], version: str) -> str:
    """The template, with the archive of each resource that is built, by its name.

    Raises:
        KeyError: a resource has no archive.
        ValueError: the template is not what this was written for.
    """
    lines = template.splitlines(keepends=True)
    for number, (resource, name) in _lines_of_code(template).items():
        key = f"${{ArtifactPrefix}}{archives[resource]}"
        lines[number] = f'      {name}: {{Bucket: !Ref ArtifactBucket, Key: !Sub "{key}"}}\n'
    text = _after("    ParameterGroups:\n", GROUP, "".join(lines))
    return _after("\nParameters:\n", PARAMETERS.replace("VERSION", version), text)


def _lines_of_code(template: str) -> dict[int, tuple[str, str]]:
    """By the number of the line: the resource, and the property that names its code."""
    found, resource = {}, ""
    for number, line in enumerate(template.splitlines()):
        if begun := RESOURCE.match(line):
            resource = begun[1]
        elif code := CODE.match(line):
            found[number] = (resource, code[1])
    return found


def _after(mark: str, added: str, text: str) -> str:
    if text.count(mark) != 1:
        raise ValueError(f"The template has not one line {mark.strip()!r}.")
    return text.replace(mark, mark + added)
