"""How many sequences, and from which seeds: the same ones in `make test`, others in `make soak`."""

from __future__ import annotations

import os

BASE = os.environ.get("RANDOM_FAULTS_SEED", "issue-4")
IN_ONE_PROCESS = int(os.environ.get("RANDOM_FAULTS_IN_ONE_PROCESS", "500"))
OF_PROCESSES = int(os.environ.get("RANDOM_FAULTS_OF_PROCESSES", "40"))
