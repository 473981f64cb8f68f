"""What makes pages: pictures, tables, and the changes that a site needs."""
