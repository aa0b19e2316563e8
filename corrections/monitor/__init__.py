"""What the scheduler drives: evaluation, the watch for silence, closing what ended, the nightly log."""
