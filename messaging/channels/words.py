"""Words by which people ask for no more messages, in an answer of their own."""

STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "BAJA", "ALTO", "PARAR", "DETENER", "CANCELAR"}


def asks_to_stop(text: str) -> bool:
    """Whether an answer is nothing but such a word, perhaps twice or with a point."""
    words = {word.strip(".,!¡ \"'").upper() for word in text.split()}
    return bool(words) and len(words) <= 2 and words <= STOP
