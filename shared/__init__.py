"""What the ingress and the workers both import: settings, errors, lanes, formats on the wire, logs, metrics, traces."""
