"""Make receipts durable: group commit, Redis, and the spool while Redis cannot take them."""
