"""What is there before a visitor brings anything: photos, a data set, and results found on them."""
