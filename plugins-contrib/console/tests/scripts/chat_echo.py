PLUGIN_METADATA = {"id": "chat_echo", "version": "1.0.0", "dependencies": {"chat_bridge": "1.*"}}


async def on_load(server, prev):
    server.register_event_listener("chat_bridge.said", heard)


async def heard(server, player, text):
    if text.startswith("ping"):
        server.get_plugin_instance("chat_bridge").speak("echo", text.replace("ping", "pong") + " " + player)
