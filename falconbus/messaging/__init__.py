"""What is told to whom: mails, their templates, tickets on paper."""
