"""What is known of statistics that are kept, topic by topic."""
