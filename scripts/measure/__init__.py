"""What ``scripts/bench`` measures: both sides of each ratio in one run, on the same input."""
