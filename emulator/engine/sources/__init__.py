"""Where records come from, one module a family of sources."""
