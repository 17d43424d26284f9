"""What the server would refuse or lose, found offline, one module a kind."""
