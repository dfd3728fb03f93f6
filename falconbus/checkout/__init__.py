"""Use cases over bookings, money and mail: pay and confirm, cancel and refund, expire, reconcile."""
