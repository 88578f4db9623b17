"""Values that are known to break programs that read JSON, numbers or text."""

import math
import random
import struct


def _words(text: str) -> list[str]:
    return text.split()


VALUES = [
    *_words("""
        0 -0 -0.0 1.0 1e0 10e-1 0.1 1e-400 1e308 -1e308 1e309 1e999 3.4028235e38 3.4028236e38 3.5e38 65504 65520 127 128
        -128 -129 255 256 2147483648 4294967295 4294967296 9223372036854775807 9223372036854775808 9223372036854775807.0
        9223372036854775808.0 -9223372036854775809 18446744073709551615 18446744073709551616 18446744073709551615.0
        18446744073709549568.0 true false null [] {} [[]] [null] [[],[]] {"":0}
    """),
    *['""', '"blue"', '"text"', '"AA=="', '"A"', r'"AA==\n"', '"FP32"', '"BYTES"', '"card"', '"1"', '"NaN"', '" "'],
    *['"\x7f"', r'"\ud83d\ude00"', r'"\u0000"', '"\xf0\x9f\x98\x80"', r'"\/~0~1\""', r'"\u2028"', f'"{"x" * 1000}"'],
    *['{"b64":"AA=="}', '{"b64":"/w=="}', '{"b64":""}', '{"b64":"A"}', '{"b64":1}', '{"b64":"AA==","b64":"A"}'],
]
NAMES = _words("""
    data instances inputs outputs signature_name b64 name shape datatype parameters id binary_data_size binary_data
    binary_data_output classification shared_memory_region x carat depth stock heated colour note grid b h a m z x_out
    ~1 a/b
""")
NO_JSON = [
    *_words("""01 1. .5 +1 0x10 1_000 1e 1e+ --1 NaN Infinity -Infinity nan None undefined , : { } [ ] " ' /**/ //"""),
    *[
        r'"\ud800"',
        r'"\udc00\ud800"',
        r'"\udc00"',
        r'"\x"',
        r'"\u12"',
        '"\xff"',
        '"\xed\xa0\x80"',
        '"\xc0\x80"',
        '"\n"',
    ],
    *["\xef\xbb\xbf", "\x00", "\r\n", "\xa0", "\xff"],
    *[
        '"parameters":{"binary_data_size":4},',
        '"parameters":{"classification":3},',
        '"outputs":[{"name":"x_out"},{"name":"x_out"}],',
    ],
]
# Values of binary tensors: what is not finite, the least and greatest, and lengths beyond the end.
FLOATS = (math.inf, -math.inf, math.nan, -0.0)
EDGES = [
    *(struct.pack(f"<{code}", value) for code in "efd" for value in FLOATS),
    *(struct.pack("<f", value)[2:] for value in FLOATS),  # bfloat16
    *(bytes([value]) * size for value in (0, 0xFF) for size in (1, 2, 4, 8)),
    *(b"\x7f", b"\x02", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00"),
]
BITS = (0, 7, 8, 15, 16, 24, 31, 32, 53, 63, 64, 65, 128, 1024)  # where integers end, and where floats begin to round


def trouble(rng: random.Random) -> str:
    """A value that may be trouble, or sometimes no value at all.

    Args:
        rng: What all choices come from.

    Returns:
        Its JSON; each character stands for one byte.
    """
    match rng.randrange(8):
        case 0 | 1 | 2:
            return rng.choice(VALUES)
        case 3:
            return f'"{rng.choice(NAMES)}"'
        case 4:
            return rng.choice(NO_JSON)
        case 5:
            return str(rng.choice((1, -1)) * 2 ** rng.choice(BITS) + rng.randrange(-1, 2))
        case 6:
            exponent = rng.choice((".5", "e", ".0e", "e-")) + str(rng.randrange(400))
            return f"{rng.choice(('', '-'))}{rng.randrange(1000)}{exponent}"
    digits = rng.choice((20, 100, 309, 400, 4299, 4300, 4301, 5000))
    return rng.choice(("", "", "0.", "1e", "-")) + rng.choice("159") * digits
