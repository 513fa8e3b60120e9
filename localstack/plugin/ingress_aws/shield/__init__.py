"""AWS Shield Advanced: moto's protections, which need a subscription here as on AWS."""
