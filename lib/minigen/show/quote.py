"""What a model wrote, as a page sets a quotation."""

import html
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Quote:
    """A text, and whose it is."""

    text: str
    by: str = ""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Whatever a model writes is text, and never markup.
        said = html.escape(self.text)
        end = f"<footer>{html.escape(self.by)}</footer>" if self.by else ""
        plain = self.text + (f"\n({self.by})" if self.by else "")
        return {
            "text/plain": plain,
            "text/html": '<blockquote class="written"><p style="white-space:pre-wrap">'
            f"{said}</p>{end}</blockquote>",
        }


def quote(text: str, *, by: str = "") -> Quote:
    """Show a text as a quotation, with its line ends and spaces, and its writer."""
    return Quote(text.rstrip() or "(nothing at all)", by)
