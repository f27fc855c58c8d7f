"""Black-box tests: real processes, spoken to over HTTP, the command line and SQL; nothing of Sluice is imported."""
