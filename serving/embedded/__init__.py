"""A small stand-in for TensorFlow Serving's model server, for development and CI.

It answers the same gRPC calls over the same model store with the same status codes::

    __main__.py   the command: options, signals, exit codes
    quiet.py      imports TensorFlow without its start-up noise
    server.py     puts the parts together, listens, stops
    service.py    the gRPC services
    manager.py    polls models.config and the store, loads and unloads
    registry.py   which versions are loaded, which labels they have, who uses them
    states.py     the state of every version
    servable.py   one loaded version of a SavedModel
    tensors.py    TensorProto to TensorFlow and back
    config.py     models.config, version policies, version folders
    errors.py     what can go wrong
"""
