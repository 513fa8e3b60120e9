"""What the data plane (`localstack/dataplane`) is told, and what it tells."""
