"""AWS Private CA: moto's, which ACM here asks for private certificates."""
