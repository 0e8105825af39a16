"""Trains the model that names faults: simulated sites, the gateway's own features, one ONNX file.

`scenes` says what is simulated, `rows` makes labelled vectors of it by the edge agent, `fit`
trains, `convert` writes the file.
"""
