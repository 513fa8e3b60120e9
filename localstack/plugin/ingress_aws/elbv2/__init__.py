"""Elastic Load Balancing v2 for Application Load Balancers, written from AWS's documents."""
