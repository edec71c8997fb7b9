"""No test may leave this machine, and each has one thread: they run side by side."""

import os

import torch

from bookkit import offline

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
torch.set_num_threads(1)
offline.refuse()
