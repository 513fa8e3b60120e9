"""Service Quotas: what an account may have at most, told from the knobs that hold it."""
