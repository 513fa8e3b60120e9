"""IAM as AWS evaluates it: what a call needs, who makes it, and what the policies say."""
