"""How far what a model is asked, and what it answers, has moved away from its training data."""
