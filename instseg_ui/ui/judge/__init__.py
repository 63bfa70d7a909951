"""Judge: which model is best on photos without annotations, by a person's answers."""
