"""One module for each command or pair of commands; loaded when it is called."""
