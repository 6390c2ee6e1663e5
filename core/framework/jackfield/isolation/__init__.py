"""The host's side of worker processes: zygote, supervisor, proxies. (Furnished with isolation.)"""
