"""Headers that hold a browser to the least: on every answer, and more of them on the pages.

As OWASP advises (its cheat sheets "REST Security" and "HTTP Security Response Headers"), but for two. That a host is to
be asked over TLS alone (Strict-Transport-Security) is for whoever has the host name to say, since it holds for all of
its ports. X-Frame-Options says nothing that frame-ancestors does not.
"""

from collections.abc import Iterable

ALL = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # what is served can change at any moment, and predictions are nobody else's business
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # a document that is no page does nothing
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
# A page needs nothing but its own files, this gateway, and images within its files.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# What a page may ask the browser for beyond that: nothing that its user would be asked for.
UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
}


def missing(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of every answer, but for those that an answer has of its own.

    Args:
        headers: The answer's own.
    """
    own = {name.lower() for name, _ in headers}
    return [pair for pair in ALL.items() if pair[0].lower() not in own]
