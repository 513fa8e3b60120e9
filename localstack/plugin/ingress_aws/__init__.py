"""The parts of AWS that an ingress controller meets, as providers for LocalStack."""
