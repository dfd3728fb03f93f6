"""What is kept of those who work: phone, licences, working hours, leave."""
