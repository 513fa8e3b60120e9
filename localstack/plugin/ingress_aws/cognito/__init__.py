"""Amazon Cognito's user pools: moto's, for authenticate-cognito actions to name."""
