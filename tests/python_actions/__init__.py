"""Actions for tests, as users would have them in a folder of their own: see `ACTIONS_PATH`."""

from pathlib import Path

FOLDER = Path(__file__).parent
