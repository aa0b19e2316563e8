"""HTTP for machines and for the console: every endpoint calls the same service functions as the command line, with no rule of its own."""
