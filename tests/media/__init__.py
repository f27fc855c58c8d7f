"""Media metadata: address, answers, client, breaker and cache."""
