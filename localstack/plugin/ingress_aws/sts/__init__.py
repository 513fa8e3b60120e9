"""STS: LocalStack's own, with AssumeRole as the roles' trust policies have it."""
