"""Where the chat keeps its data and how it is served."""
