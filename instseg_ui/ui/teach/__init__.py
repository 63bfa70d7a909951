"""Teaching a model on the data set that Evaluate holds, or on the answers of Judge."""
