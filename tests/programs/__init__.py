"""Programs that use the product: benchmarks, fault injection, the demo, the documentation."""
