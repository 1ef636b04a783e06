"""Real images, kept beside the project: the folder that PROGIMAGE_CORPUS names, or nothing."""

import os

CORPUS = os.environ.get("PROGIMAGE_CORPUS", "")
