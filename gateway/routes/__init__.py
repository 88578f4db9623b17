"""What the gateway answers: one module a group of routes."""
