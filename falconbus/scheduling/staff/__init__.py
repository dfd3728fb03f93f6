"""The people who work: their licences, working hours and leave, and who is free when."""
