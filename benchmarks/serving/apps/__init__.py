"""The same model served by others, each as its own documentation shows: `POST /predict` with `{"data": [...]}`."""
