"""The forms in which a request may state a signature's inputs."""

from collections.abc import Mapping, Sequence

from gateway.contract.choice import Choice, Form
from gateway.contract.features import Feature
from gateway.contract.given import Noted
from gateway.contract.members import Members
from gateway.contract.nodes import Array, Node


def instance_forms(features: Sequence[Feature], max_rows: int, *, one: bool) -> Choice:
    """Instances, for a signature whose tensors have a batch dimension.

    An instance is an object of named features. Where there is one feature, its part alone will do; and where that is of
    shape (1,), a plain value, too.

    Args:
        features: At least one.
        max_rows: The most instances.
        one: Whether a single instance may stand without an array around it.

    Returns:
        The forms.
    """
    named = {0: Members({f.name: Noted(f.row(), f.row_notes()) for f in features})}
    plain: dict[int, Node] = {}
    if len(features) == 1:
        (feature,) = features
        plain[len(feature.shape) - 1] = Noted(feature.row(plain=False), feature.notes())
        if feature.shape[1:] == (1,):
            plain[0] = Noted(feature.leaf, feature.row_notes())
    return Choice(
        _with_arrays(plain, max_rows, named=False, one=one),
        _with_arrays(named if _can_be_named(features) else {}, max_rows, named=True, one=one),
        base64=_takes_base64(features),
    )


def _with_arrays(instances: Mapping[int, Node], max_rows: int, *, named: bool, one: bool) -> dict[int, Form]:
    """Instances by their levels of arrays, and arrays of them.

    [10] could be one instance of shape (1,) or an array of one plain value: it is the latter.
    """
    forms = {levels: Form(node, "one", named) for levels, node in sorted(instances.items()) if one}
    arrays = {levels + 1: Array(node, most=max_rows, noun="instance") for levels, node in instances.items()}
    return forms | {levels: Form(node, "many", named) for levels, node in sorted(arrays.items())}


def tensor_forms(features: Sequence[Feature], max_rows: int, *, batched: bool) -> Choice:
    """The inputs as whole tensors: one alone, or an object of all.

    Args:
        features: The inputs.
        max_rows: The most instances.
        batched: Whether the tensors' first dimension is the batch.

    Returns:
        The forms.
    """
    tensors = {f.name: Noted(f.column(max_rows) if batched else f.whole(), f.notes()) for f in features}
    plain = {0: Form(next(iter(tensors.values())), "tensors", named=False)} if len(tensors) == 1 else {}
    named = {0: Form(Members(tensors), "tensors", named=True)} if _can_be_named(features) else {}
    return Choice(plain, named, base64=_takes_base64(features))


def _takes_base64(features: Sequence[Feature]) -> bool:
    return len(features) == 1 and features[0].leaf.dtype.kind == "string" and not features[0].leaf.vocabulary


def _can_be_named(features: Sequence[Feature]) -> bool:
    """An object with the only member "b64" is a value where strings go."""
    return not (_takes_base64(features) and features[0].name == "b64")
