"""The text of a gateway's `/metrics`, as far as it tells of drift."""

from collections.abc import Mapping

from src.drift.tally import FEATURE, Key, Tallies, Tally
from src.errors import InputError

VALUES = "gateway_values_total"
SHARE = "gateway_training_share"
OUT_OF_RANGE = "gateway_out_of_range_total"
UNKNOWN = "gateway_unknown_categories_total"


def read(text: str, source: str) -> Tallies:
    """What a gateway has seen since it started.

    Args:
        text: Prometheus' text format; other metrics in it are passed over.
        source: Where it comes from, for messages.

    Returns:
        What is watched. Of values that are counted twice, as by two gateways whose metrics one text holds, the sum.

    Raises:
        InputError: The text is not of that format, or no gateway's.
    """
    from prometheus_client.parser import text_string_to_metric_families

    tallies: Tallies = {}
    families = set()
    try:
        for family in text_string_to_metric_families(text):
            families.add(family.name)
            for sample in family.samples:
                if sample.name in (VALUES, SHARE, OUT_OF_RANGE, UNKNOWN):
                    _take(tallies, sample.name, sample.labels, sample.value)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"{source} is no text of Prometheus' format: {' '.join(str(error).split())[:200]}") from error
    if families and not any(name.startswith("gateway_") for name in families):
        raise InputError(f"{source} has the metrics of something else than a gateway, such as {min(families)}")
    return {key: tally for key, tally in tallies.items() if tally.shares}  # of others, nothing is known to compare with


def _take(tallies: Tallies, name: str, labels: Mapping[str, str], value: float) -> None:
    key = Key(labels["model"], int(labels["version"]), labels.get("kind", FEATURE), labels["name"])
    tally = tallies.setdefault(key, Tally())
    if name == VALUES:
        tally.counts[labels["bucket"]] += int(value)
    elif name == SHARE:
        tally.shares[labels["bucket"]] = float(value)
    elif name == OUT_OF_RANGE:
        tally.out_of_range += int(value)
    else:
        tally.unknown += int(value)
