"""What is said and written: log lines, ledger entries and the records of services."""
