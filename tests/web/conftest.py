"""The helpers beside the tests can be imported, by bench/webcam.py too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
