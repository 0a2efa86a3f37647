"""Development tools, reachable only with COMPLAINTS_DEV=1 on a loopback address."""
