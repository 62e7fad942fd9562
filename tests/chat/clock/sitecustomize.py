"""For tests: a machine whose clock is ahead, by the seconds that the file CHAT_CLOCK holds when a process
begins. So somebody can come back after ten minutes, while every command runs just as it was printed."""

import os
import time
from pathlib import Path

_time = time.time
_ahead = float(Path(os.environ["CHAT_CLOCK"]).read_text(encoding="ascii"))
time.time = lambda: _time() + _ahead
