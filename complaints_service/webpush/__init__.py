"""Web push: news of a case on the citizen's own device, sealed so that the browser's service cannot read it."""
