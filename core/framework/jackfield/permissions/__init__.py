"""What a manifest may ask, what a user granted, and the pure rules between the two."""
