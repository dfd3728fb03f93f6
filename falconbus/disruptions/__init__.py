"""What goes wrong with what was sold: departures that are cancelled, or get other times or another bus."""
