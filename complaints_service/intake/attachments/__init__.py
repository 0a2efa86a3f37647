"""Photos and documents (D13): received to disk, looked at, cleaned, kept apart from the database, given out as downloads only."""
