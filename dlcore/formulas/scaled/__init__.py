"""What becomes of factors, topic by topic."""
