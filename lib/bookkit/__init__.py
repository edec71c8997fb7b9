"""What turns chapters into a site, student notebooks, slides and a scoreboard."""


class BookError(Exception):
    """A failure that the reader of the terminal can act on: one clear sentence."""
