"""The Open Inference Protocol, version 2, over HTTP and JSON, with its extension for binary tensors.

https://github.com/kserve/open-inference-protocol has the protocol, and Triton Inference Server's documentation
(`protocol/extension_binary_data`) the extension: the tensors' bytes stand behind the JSON, whose length a header tells.
"""

LENGTH_HEADER = "Inference-Header-Content-Length"
EXTENSIONS = ["binary_tensor_data"]
