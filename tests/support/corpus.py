"""Real images, kept beside the project: the folders that two variables name, or nothing."""

import os

CORPUS = os.environ.get("PROGIMAGE_CORPUS", "")

CASES = os.environ.get("PROGIMAGE_CASES", "")
