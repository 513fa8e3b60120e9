"""AWS WAF, new and classic: web ACLs and which load balancer has which."""
