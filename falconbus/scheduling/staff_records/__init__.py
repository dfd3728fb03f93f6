"""Records of staff: phone, licences, working hours, leave."""
