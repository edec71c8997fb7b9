"""No test may leave this machine."""

from bookkit import offline

offline.refuse()
