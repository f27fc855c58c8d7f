"""The ingress: what it answers, what it keeps, and what it does when Redis does not."""
