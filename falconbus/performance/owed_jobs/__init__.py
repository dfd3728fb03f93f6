"""Jobs that are owed: listed by how they fare, and tried again by a person."""
