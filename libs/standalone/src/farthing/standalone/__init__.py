"""What a process of one service needs beyond the kit; only a service's `__main__` imports it.

Read in this order: main (the commands), settings (the environment), process (one service, running), server (listening and shutdown),
http_transport and keys (other services), broker (events and the operator's doings), migration.
"""
