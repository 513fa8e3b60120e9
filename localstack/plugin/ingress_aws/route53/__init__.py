"""Route 53: hosted zones, record sets and changes as one transaction, in memory per account."""
