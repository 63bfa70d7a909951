"""What runs the models: one process a loaded model, and the bounded set of them."""
