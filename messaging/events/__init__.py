"""What messages are about, a module for each area: who is told, by what, in which words, with which variables."""
