"""Application Load Balancers that answer: the data plane of `localstack/`."""
