"""What the ingress and the workers share."""
