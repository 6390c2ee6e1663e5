"""Installing, updating, removing and rolling back, as plans and transactions."""
