"""EC2: LocalStack's own on moto's state, corrected where a controller would notice."""
