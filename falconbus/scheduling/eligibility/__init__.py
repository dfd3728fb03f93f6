"""Who can work when: licences, leave, working hours, driving time, rest, other duties."""
