"""What can be recognised: faces."""
