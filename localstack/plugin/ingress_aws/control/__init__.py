"""What AWS has not and tests need: a log of all calls, faults, and ways to move the world."""
