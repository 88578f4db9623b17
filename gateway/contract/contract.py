"""The contract of one signature of one served version."""

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any

from msgspec.structs import astuple

from gateway.card import Card
from gateway.contract import answers
from gateway.contract.batch import Batch, packed
from gateway.contract.choice import Choice, Form
from gateway.contract.columns import Column, Root, batched, whole
from gateway.contract.decoding import MAX_PLACES, decode, refusal
from gateway.contract.features import Feature, features
from gateway.contract.forms import instance_forms, tensor_forms
from gateway.contract.members import escape
from gateway.contract.outputs import outputs
from gateway.errors import Place
from gateway.signature import Signature
from gateway.tensors import Tensor


class Contract:
    """What a signature takes and answers.

    A signature whose tensors all have a free first dimension takes instances: one, or an array of them, each a value
    or an object of named features. Any other takes its tensors as they are.

    Attributes:
        signature: The served signature.
        features: Its inputs.
        outputs: Its outputs.
        batched: Whether it takes instances.
        is_joinable: Whether any of its requests' instances can be put behind those of another, and their answers told
            apart: all rows have one shape, on either side.
        card: What the model says of itself; empty where it says nothing.
        version: The number of the version that it is of.
        is_watched: Whether the card tells how values were distributed in training, so that drift can be seen.
        max_rows: The most instances in a request.
        data: What stands in `{"data": ...}`.
        instances: What stands in `{"instances": ...}`; None where there are none.
        inputs: What stands in `{"inputs": ...}`.
    """

    def __init__(self, model: str, signature: Signature, card: Card, *, max_rows: int, version: int = 0) -> None:
        """Read a signature.

        Args:
            model: The model's name, for messages.
            signature: What its server said of it.
            card: What the model says of itself.
            max_rows: The most instances in a request.
            version: The number of the version that it is of.

        Raises:
            NotSupportedError: The model takes or answers something that JSON has no values for.
        """
        self.signature = signature
        self.card = card
        self.version = version
        shares = [*(feature.shares for feature in card.features), *(output.shares for output in card.outputs)]
        self.is_watched = any(each is not None for each in shares)
        self.max_rows = max_rows
        self._known_roots: dict[tuple[str, bool, bool], Sequence[Root]] = {}
        self.features = features(model, signature.inputs.items(), card)
        self.outputs = outputs(model, signature.outputs.items(), card)
        shapes = [f.shape for f in self.features] + [o.shape for o in self.outputs if o.shape is not None]
        self.batched = bool(self.features) and all(shape[:1] == (None,) for shape in shapes)
        all_shapes = [f.shape for f in self.features] + [o.shape for o in self.outputs]
        self.is_joinable = self.batched and all(shape is not None and None not in shape[1:] for shape in all_shapes)
        self.inputs = tensor_forms(self.features, max_rows, batched=self.batched)
        self.instances = instance_forms(self.features, max_rows, one=False) if self.batched else None
        self.data = instance_forms(self.features, max_rows, one=True) if self.batched else self.inputs

    def parse(self, choice: Choice, value: bytes | memoryview, root: str) -> Batch:
        """Decode, check and pack what a request states as inputs.

        Args:
            choice: `data`, `instances` or `inputs`.
            value: The JSON.
            root: Where it stands in the request: `/data`.

        Returns:
            The batch.

        Raises:
            NotJsonError: It is no JSON.
            InvalidInputError: It is JSON, but not what the model takes.
        """
        form = choice.pick(value)
        columns = self._columns(form, decode(form.decoder, value, form.node, root), root)
        rows = columns[0].shape[0] if self.batched else 1
        try:
            return packed(columns, root, rows=rows, single=form.layout == "one")
        except OverflowError as error:
            raise refusal(value, form.node, root) from error

    def _columns(self, form: Form, value: Any, root: str) -> list[Column]:
        """One column a feature, whatever the form."""
        if form.layout == "tensors":
            tensors = astuple(value) if form.named else [value]
            pointers = [f"{root}/{escape(f.name)}" if form.named else root for f in self.features]
            build = self._batched_tensor if self.batched else whole
            return [build(*taken) for taken in zip(self.features, tensors, pointers, strict=True)]
        single = form.layout == "one"
        rows = [value] if single else value
        parts = list(zip(*map(astuple, rows), strict=True)) if form.named else [rows]
        roots = self._roots(root, single=single, named=form.named)
        return list(map(batched, self.features, parts, roots))

    @staticmethod
    def _batched_tensor(feature: Feature, tensor: Sequence[Any], pointer: str) -> Column:
        return batched(feature, tensor, Root(pointer))

    def _roots(self, root: str, *, single: bool, named: bool) -> Sequence[Root]:
        """Where each feature's parts stand; there are few such places, and each is told for all requests."""
        key = root, single, named
        if key not in self._known_roots:
            names = [f"/{escape(feature.name)}" if named else "" for feature in self.features]
            self._known_roots[key] = [Root(root, name, single) for name in names]
        return self._known_roots[key]

    def read(self, tensors: Mapping[str, Tensor], *, base64_names: bool = False) -> list[answers.Result]:
        """Read the model server's answer.

        Args:
            tensors: Its outputs.
            base64_names: Whether strings of outputs named `…_bytes` are always in base64.

        Returns:
            The outputs, in the order of the signature.

        Raises:
            ModelServerError: One is missing or cannot be read.
        """
        return answers.read(self.outputs, tensors, base64_names=base64_names)

    def predictions(self, batch: Batch, results: Sequence[answers.Result]) -> Any:
        """The answer in the form of the request: one prediction for one instance, else a list of them.

        Raises:
            ModelServerError: An output has not one part an instance.
        """
        if not self.batched:
            return answers.by_name(results)
        rows = answers.by_row(results, batch.rows, plain=batch.plain)
        return rows[0] if batch.single else rows

    def warnings(self, batch: Batch, results: Sequence[answers.Result]) -> list[Place]:
        """What the client should know of an answer.

        Args:
            batch: The request.
            results: The answer.

        Returns:
            Instances without a finite prediction, then values outside the range seen in training; MAX_PLACES at most.
        """
        single = batch.single or not self.batched
        lost = chain.from_iterable(result.warnings(batch.root, single=single) for result in results)
        return list(islice(chain(lost, batch.warnings()), MAX_PLACES))
