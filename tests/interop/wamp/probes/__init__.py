"""Whatever a client sends, the router answers as the specification says (mostly ABORT wamp.error.protocol_violation, and it
closes), keeps nothing of that session, and goes on serving the others.
"""
