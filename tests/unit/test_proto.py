import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("room", ["gateway", "src"])
def test_generated_code_is_current(tmp_path: Path, room: str) -> None:
    """The committed Python code is what protoc makes of the committed .proto file."""
    # A process of its own: protoc and TensorFlow bring a C++ protobuf library each, which do not go together.
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}"]
    plugins = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where protoc finds mypy's plugin
    subprocess.run(
        [*command, f"--mypy_out=quiet:{tmp_path}", f"{room}/tf_serving.proto"],
        env=os.environ | {"PATH": plugins},
        timeout=60,
        check=True,
    )
    for name in ("tf_serving_pb2.py", "tf_serving_pb2.pyi"):
        assert (tmp_path / room / name).read_text() == (Path(room) / name).read_text()
