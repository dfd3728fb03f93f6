"""What any web service needs and no bus: clock, money, references, pages, problems, schemas, logs."""
