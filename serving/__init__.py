"""The server side: TensorFlow Serving's configuration files, the embedded model server and the model store."""
