"""Eligibility of staff for rides: licences, leave, working hours, driving time, rest, other duties."""
