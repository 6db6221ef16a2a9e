import sys
from pathlib import Path

# The client is for these tests and for bench/bridge.py.
sys.path.insert(0, str(Path(__file__).parent))
