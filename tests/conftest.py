import os

# gRPC's C++ core writes informational lines past Python's logging, such as that a connection was closed by its peer.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
