"""A whole edge on loopback: name server, certificate authority, permission process, web processes, Caddy.

`bin/domains-lab`, `bin/bench edge` and the tests of the edge start it. Nothing here knows the apps.
"""
