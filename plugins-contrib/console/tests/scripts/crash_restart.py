PLUGIN_METADATA = {"id": "crash_restart", "version": "1.0.0"}

MOST = 2
crashes = 0


def on_load(server, old):
    global crashes
    crashes = getattr(old, "crashes", 0)


def on_server_stop(server, return_code):
    global crashes
    if return_code == 0:
        return
    crashes += 1
    if crashes > MOST:
        server.logger.error("crashed too often")
        return
    server.logger.info("crashed with {}, started again".format(return_code))
    server.start()
