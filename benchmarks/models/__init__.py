"""How good the recipes are on the whole data sets, beside what one would do without them."""
