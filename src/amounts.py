"""Numbers as readers of reports and tables see them."""

import math

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def amount(value: float, digits: int = 4) -> str:
    """A number with thousands separators; what stands before the decimal point is never rounded.

    Args:
        value: Any number, NaN and infinities too.
        digits: How many significant digits it has at most.

    Returns:
        Such as `12,346`, `0.001241`, `NaN`, or 1.5 times a power of ten.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    exponent = int(power)
    if -5 < exponent < 12:
        text = _short(f"{value:,.{max(digits - 1 - exponent, 0)}f}")
    else:
        text = f"{_short(mantissa)} {TIMES} 10{str(exponent).translate(_RAISED)}"
    return text.replace("-", MINUS)


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def coefficient(value: float) -> str:
    """A coefficient of determination, with four decimals."""
    if not math.isfinite(value):
        return amount(value)
    return f"{round(value, 4) + 0.0:.4f}".replace("-", MINUS)  # + 0.0: no minus before a zero


def percent(share: float) -> str:
    """A share in whole per cent; a small one does not pass for none, nor nearly all for all."""
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def duration(seconds: float) -> str:
    """A time that something took, such as `0.42 s`, `3 min 12 s` or `2 h 5 min`."""
    if seconds < 59.5:
        return f"{amount(seconds, 2)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
