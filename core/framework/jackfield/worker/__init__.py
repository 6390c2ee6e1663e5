"""Being a plugin in a child process: bootstrap, dispatch, stubs. (Furnished with isolation.)"""
