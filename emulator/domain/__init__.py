"""Rules, without web or database."""
