"""From desired state and a server to a plan file, and from a plan file to its report."""
