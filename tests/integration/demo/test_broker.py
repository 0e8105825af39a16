import json
import socket
import threading

import paho.mqtt.client as paho
import pytest

V311, V5 = paho.MQTTv311, paho.MQTTv5


def client_of(port, version):
    connected = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=version)
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(60)
    return client


@pytest.mark.parametrize("hears", [V311, V5])
@pytest.mark.parametrize("speaks", [V311, V5])
def test_clients_of_either_version_hear_each_other_on_one_port(iotcore_broker, speaks, hears):
    heard, subscribed, payload = threading.Event(), threading.Event(), json.dumps({"a": 1})
    listener, speaker = client_of(iotcore_broker, hears), client_of(iotcore_broker, speaks)
    listener.on_message = lambda _c, _u, message: (
        message.payload.decode() == payload and heard.set()
    )
    listener.on_subscribe = lambda *_: subscribed.set()
    try:
        listener.subscribe("sensors/+/readings", qos=1)
        assert subscribed.wait(60)
        speaker.publish("sensors/PANEL-001/readings", payload, qos=1).wait_for_publish(10)
        assert heard.wait(60)
    finally:
        for client in (listener, speaker):
            client.disconnect()
            client.loop_stop()


def test_ten_megabytes_pass(iotcore_broker):
    heard, subscribed, sizes = threading.Event(), threading.Event(), []

    def note(_client, _data, message):
        sizes.append(len(message.payload))
        heard.set()

    listener, speaker = client_of(iotcore_broker, V5), client_of(iotcore_broker, V311)
    listener.on_message = note
    listener.on_subscribe = lambda *_: subscribed.set()
    try:
        listener.subscribe("sensors/#", qos=1)
        assert subscribed.wait(60)
        speaker.publish("sensors/X/readings", b"a" * 10_000_000, qos=1).wait_for_publish(30)
        assert heard.wait(30)
        assert sizes == [10_000_000]
    finally:
        for client in (listener, speaker):
            client.disconnect()
            client.loop_stop()


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\x7f\xff\xff", b"\x10\x0c\x00\x04MQTT\x09"],
)
def test_what_is_no_mqtt_is_hung_up_on(iotcore_broker, noise):
    with socket.create_connection(("127.0.0.1", iotcore_broker), timeout=5) as line:
        line.sendall(noise)
        try:
            assert line.recv(1) == b""
        except ConnectionResetError:
            return
