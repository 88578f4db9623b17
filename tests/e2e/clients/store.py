"""What the gateway serves to the clients: small models of many kinds, and labels."""

from pathlib import Path

import tensorflow as tf

from tests.saved_models import (
    write_echo,
    write_half_plus,
    write_line,
    write_mixed,
    write_picture,
    write_sensors,
    write_shifted,
)

VERSIONS = {
    "echo": (1,),
    "half_plus_three": (123,),
    "line": (1, 2),
    "mixed": (1,),
    "picture": (1,),
    "sensors": (1,),
    "shifted": (1,),
}
ECHOED = {  # the Open Inference Protocol's names in lower case
    "bool": tf.bool,
    "uint8": tf.uint8,
    "uint16": tf.uint16,
    "uint32": tf.uint32,
    "uint64": tf.uint64,
    "int8": tf.int8,
    "int16": tf.int16,
    "int32": tf.int32,
    "int64": tf.int64,
    "fp16": tf.float16,
    "bf16": tf.bfloat16,
    "fp32": tf.float32,
    "fp64": tf.float64,
    "bytes": tf.string,
}
LABELS = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'


def publish(store: Path) -> None:
    """Write the models and `models.config`.

    `line` is y = 3x + 1 in version 1, the label `stable`, and y = 2x in version 2, the label `canary`.

    Args:
        store: The model store, which does not exist yet.
    """
    write_echo(store / "echo" / "1", ECHOED)
    write_half_plus(store / "half_plus_three" / "123", addend=3.0)
    write_line(store / "line" / "1", slope=3.0, intercept=1.0)
    write_line(store / "line" / "2", slope=2.0)
    write_mixed(store / "mixed" / "1")
    write_picture(store / "picture" / "1")
    write_sensors(store / "sensors" / "1")
    write_shifted(store / "shifted" / "1")
    models = "\n".join(_entry(store, name) for name in VERSIONS)
    (store / "models.config").write_text(f"model_config_list {{\n{models}\n}}\n", encoding="utf-8")


def _entry(store: Path, name: str) -> str:
    policy = " ".join(f"versions: {version}" for version in VERSIONS[name])
    return (
        f'config {{ name: "{name}" base_path: "{store / name}" model_platform: "tensorflow" '
        f"model_version_policy {{ specific {{ {policy} }} }} {LABELS if name == 'line' else ''} }}"
    )
