"""What can be told of a wheel without running it."""
