"""Community corrections monitoring: from a phone's report to an officer's decision and the supervision log."""

__version__ = "0.1.0"
