"""ACM: imported and requested certificates in one store, in memory per account and region."""
