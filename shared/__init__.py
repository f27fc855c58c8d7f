"""What the ingress and the workers both stand on: settings, errors, lanes, wake-ups, logs."""
