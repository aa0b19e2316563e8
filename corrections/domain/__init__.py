"""Pure rules: no database, no clock, no network, no framework. Numbers and values in, decisions out."""
