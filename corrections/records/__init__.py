"""The record: the register in and out, zones, supervision logs, accounts, the audit chain, backups."""
