"""Headers, paths and methods that are known to break programs that read HTTP."""

from collections.abc import Sequence

from gateway.oip import LENGTH_HEADER

LENGTHS = [
    "0",
    "1",
    "-1",
    "+1",
    " 5",
    "1e3",
    "\xb2",
    "",
    "99999999999999999999",
    "0" * 30 + "9",
    "0" * 5000,
    "9" * 5000,
]
HEADERS: dict[str, Sequence[str]] = {
    "Content-Type": [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=latin-1",
        "application/json; charset*=utf-8''%ff",
        "application/json; charset=\xff",
        "application/octet-stream",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "\xff/\xfe; \x00",
        ";;;=",
        "",
    ],
    "Content-Encoding": ["gzip", "identity", "\xff", ""],
    "Content-Length": [*LENGTHS, "20000", "20001", "20002"],
    LENGTH_HEADER: LENGTHS,
    "Transfer-Encoding": ["chunked", "\xff"],
    "X-Request-ID": ["abc-1", "a b", "\xff", "x" * 129, "x\tx"],
    "Host": ["a", "", "a:b", "\xff", "[::1", "a" * 300, "a..b"],
    "Range": ["bytes=0-1", "bytes=9999999-", "bytes=-", "x=1", "bytes=5-1,2-"],
    "If-None-Match": ["*", '"x"', "\xff"],
    "If-Modified-Since": ["Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 99 Jan 99999 00:00:00 GMT", "\xff"],
    "Accept": ["text/html", "*/*;q=x", "\xff"],
    "Cookie": ["a=b", "\xff=;;", '"'],
    "X-Forwarded-For": ["\xff"],
    "X-Canary": ["always", "never", "", "\xff", "always, never"],
    "X-Canary-Key": ["a", "", "\xff", "\x00"],
}
SEGMENTS = [
    *[
        "v1",
        "v2",
        "models",
        "versions",
        "labels",
        "infer",
        "ready",
        "metadata",
        "predict",
        ":predict",
        "models:predict",
    ],
    *["health", "live", "docs", "assets", "redoc.js", ".", "..", "%00", "%2e%2e", "\x00", "\xff", "\xf0\x9f\x98\x80"],
    *["0", "7", "07", "8", "-1", "9223372036854775807", "9223372036854775808", "\xd9\xa7", "stable"],
]
METHODS = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "\xff", "X" * 100]
