"""What the tabs share: services, jobs, photo, model picks, fetching, export."""
