"""What README claims about speed, each a command."""
