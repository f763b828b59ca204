"""Runs Home Assistant's integrations MQTT, Wyoming and DOODS against a broker and Corallite: scripts/home-assistant-live.

Standard output are requests to that script: "say TEXT", "start FILE", "stop SIGNAL"; each is answered with a line.
"""

import asyncio
import http.server
import json
import logging
import os
import subprocess
import sys
import threading
import time
import wave
from collections import Counter

from homeassistant import config_entries, core, loader
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components import camera, image, wake_word
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import __version__
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component

PORTS = json.loads(sys.argv[1])  # broker, picture, web, wyoming, serve
LIMIT = 90  # seconds that something may take on a busy machine
failed = 0


def ask(request: str) -> None:
    print(request, flush=True)
    if not sys.stdin.readline():
        sys.exit("nobody answers")


def say(text: str) -> None:
    ask("say " + text)


def check(what: str, ok: bool, seen="") -> None:
    global failed
    failed += not ok
    say(f"{'ok  ' if ok else 'FAIL'} {what}{'' if ok and seen == '' else f': {seen}'}")


async def wait(what: str, condition, seen=lambda: "") -> bool:
    """Checks that a condition comes true."""
    end = time.monotonic() + LIMIT
    while not (ok := condition()) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    check(what, bool(ok), "" if ok else seen())
    return bool(ok)


class Broker:
    """Mosquitto, which keeps nothing over a restart."""

    def start(self):
        path = "/tmp/mosquitto.conf"
        with open(path, "w") as f:
            f.write(f"listener {PORTS['broker']} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "/usr/sbin/mosquitto", "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Picture(http.server.BaseHTTPRequestHandler):
    """A camera of single pictures."""

    data = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def log_message(self, *args):
        pass


def show(name: str) -> None:
    with open("/work/" + name, "rb") as f:
        Picture.data = f.read()


async def add(hass, domain: str, data: dict) -> config_entries.ConfigEntry:
    """Adds an integration as its form does."""
    flow = hass.config_entries.flow
    result = await flow.async_init(domain, context={"source": SOURCE_USER})
    if result["type"] == "form":
        result = await flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    if result["type"] != "create_entry":
        raise SystemExit(f"{domain}: {result}")
    return result["result"]


async def start_hass() -> core.HomeAssistant:
    hass = core.HomeAssistant("/config")
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    if not await async_load_base_functionality(hass):
        raise SystemExit("no base")
    await async_process_ha_core_config(hass, {})
    web = {"http": {"server_host": ["127.0.0.1"], "server_port": PORTS["web"]}}
    for domain in ("homeassistant", "persistent_notification", "http", "image", "camera"):
        if not await async_setup_component(hass, domain, web):
            raise SystemExit(f"{domain} cannot be set up")
    await hass.async_start()
    return hass


async def mqtt(hass, broker) -> None:
    entities = entity_registry.async_get(hass)
    devices = device_registry.async_get(hass)

    def state(entity: str) -> str:
        s = hass.states.get(entity)
        return s.state if s else "none"

    async def becomes(what: str, entity: str, want: str) -> bool:
        return await wait(f"{what}: {entity} is {want}", lambda: state(entity) == want, lambda: state(entity))

    async def call(domain: str, service: str, entity: str, **data) -> None:
        await hass.services.async_call(domain, service, {"entity_id": entity, **data}, blocking=True)

    def mine():
        return entity_registry.async_entries_for_config_entry(entities, entry.entry_id)

    def names():
        return sorted(d.name for d in device_registry.async_entries_for_config_entry(devices, entry.entry_id))

    entry = await add(hass, "mqtt", {"broker": "127.0.0.1", "port": PORTS["broker"], "other_settings": {"set_client_cert": False, "set_ca_cert": "off"}})
    ask("start full.yaml")
    if not await becomes("discovery", "switch.home_door_detect", "on"):
        return
    await becomes("discovery", "switch.home_voice_detect", "on")
    await becomes("discovery", "update.home_version", "off")
    check("devices", names() == ["Corallite", "door", "voice"], ", ".join(names()))
    kinds = Counter(e.domain for e in mine())
    say(f"     {len(mine())} entities: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))

    await becomes("states", "binary_sensor.home_door_source", "on")
    await becomes("states", "binary_sensor.home_door_fallback", "off")
    await becomes("states", "sensor.home_door_cat_count", "1")
    await becomes("states", "binary_sensor.home_door_cat_occupancy", "on")
    await becomes("states", "binary_sensor.home_door_zone_all_cat_occupancy", "on")
    await becomes("states", "sensor.home_door_person_count", "0")
    await wait("states: sensor.home_door_inference_ms is a number", lambda: float(state("sensor.home_door_inference_ms")) > 0)
    check("states: device", state("sensor.home_door_device").startswith("cpu"), state("sensor.home_door_device"))

    await wait("image of the last cat", lambda: state("image.home_door_cat_picture") not in ("unknown", "unavailable", "none"))
    picture = await hass.data[image.DATA_COMPONENT].get_entity("image.home_door_cat_picture").async_image()
    check("image of the last cat is a JPEG", picture[:2] == b"\xff\xd8")
    live = None
    for _ in range(LIMIT):
        try:
            live = await camera.async_get_image(hass, "camera.home_door_picture")
            break
        except Exception:  # there is none yet
            await asyncio.sleep(1)
    check("picture of the camera is a JPEG", live is not None and live.content[:2] == b"\xff\xd8")

    await call("number", "set_value", "number.home_door_threshold_coco", value=0.99)
    await becomes("threshold 0.99", "number.home_door_threshold_coco", "0.99")
    show("parrot.jpg")
    await becomes("threshold 0.99", "sensor.home_door_cat_count", "0")
    show("cat.jpg")
    await asyncio.sleep(3)
    check("threshold 0.99: the cat is not found again", state("sensor.home_door_cat_count") == "0", state("sensor.home_door_cat_count"))
    await call("number", "set_value", "number.home_door_threshold_coco", value=0.4)
    await becomes("threshold 0.4", "sensor.home_door_cat_count", "1")
    try:
        await call("number", "set_value", "number.home_door_threshold_coco", value=0.01)
        check("threshold 0.01 is refused", False)
    except Exception as e:
        check("threshold 0.01 is refused", "0.01" in str(e) or "range" in str(e), type(e).__name__)

    await call("switch", "turn_off", "switch.home_door_detect")
    await becomes("detection off", "switch.home_door_detect", "off")
    await becomes("detection off", "binary_sensor.home_door_cat_occupancy", "off")
    await becomes("detection off", "sensor.home_door_fps", "0")
    await call("switch", "turn_on", "switch.home_door_detect")
    await becomes("detection on", "binary_sensor.home_door_cat_occupancy", "on")
    show("parrot.jpg")
    await becomes("another picture", "sensor.home_door_cat_count", "0")
    await becomes("another picture", "binary_sensor.home_door_cat_occupancy", "off")
    show("cat.jpg")
    await becomes("the first again", "sensor.home_door_cat_count", "1")

    await wyoming(hass, state, becomes, call)
    await doods(hass)

    await call("switch", "turn_off", "switch.home_door_detect")
    await becomes("before a restart", "switch.home_door_detect", "off")
    ask("stop INT")
    await becomes("end of corallite", "switch.home_door_detect", "unavailable")
    await becomes("end of corallite", "update.home_version", "unavailable")
    ask("start full.yaml")
    await becomes("restart: what was switched stays", "switch.home_door_detect", "off")
    check("restart: what was set stays", state("number.home_door_threshold_coco") == "0.4", state("number.home_door_threshold_coco"))
    await call("switch", "turn_on", "switch.home_door_detect")
    await becomes("restart", "sensor.home_door_cat_count", "1")
    ask("stop KILL")
    await becomes("Corallite is killed: the broker's will", "sensor.home_door_cat_count", "unavailable")
    ask("start full.yaml")
    await becomes("restart", "sensor.home_door_cat_count", "1")

    broker.stop()
    await becomes("broker is gone", "sensor.home_door_cat_count", "unavailable")
    broker.start()
    await becomes("broker is back, with nothing retained", "sensor.home_door_cat_count", "1")
    await becomes("broker is back, with nothing retained", "switch.home_door_detect", "on")

    broker.stop()
    await hass.config_entries.async_unload(entry.entry_id)
    broker.start()
    await hass.config_entries.async_setup(entry.entry_id)
    await becomes("MQTT is set up anew, with nothing retained", "sensor.home_door_cat_count", "1")

    ask("stop INT")
    ask("start less.yaml")
    await wait("removal of label person, zone and pipeline voice", lambda: not [
        e.entity_id for e in mine() if "person" in e.entity_id or "zone" in e.entity_id or "voice" in e.entity_id
    ], lambda: [e.entity_id for e in mine()])
    await becomes("what stays", "sensor.home_door_cat_count", "1")
    check("devices after removal", names() == ["Corallite", "door"], ", ".join(names()))
    ask("stop INT")


async def wyoming(hass, state, becomes, call) -> None:
    await add(hass, "wyoming", {"host": "127.0.0.1", "port": PORTS["wyoming"]})
    await wait("Wyoming: a wake word entity", lambda: wake_word.async_default_entity(hass))
    entity = wake_word.async_get_wake_word_detection_entity(hass, wake_word.async_default_entity(hass))
    words = await entity.get_supported_wake_words()
    check("Wyoming: describe", [(w.id, w.phrase) for w in words] == [("okay_nabu", "Okay Nabu"), ("alexa", "Alexa")],
          ", ".join(f"{w.id} ({w.phrase})" for w in words))

    async def hear(file: str, word: str | None):
        async def stream():
            with wave.open("/work/" + file) as f:
                assert f.getframerate() == 16000
                data = f.readframes(f.getnframes()) + bytes(2 * 16000 * 2)
            for at in range(0, len(data), 640):
                yield data[at : at + 640], at // 32
                await asyncio.sleep(0.02)

        return await entity.async_process_audio_stream(stream(), word)

    for file, word, want in (
        ("okay_nabu.wav", "okay_nabu", "okay_nabu"), ("okay_nabu.wav", None, "okay_nabu"), ("alexa.wav", "alexa", "alexa"),
        ("okay_nabu.wav", "alexa", None),
    ):
        got = await hear(file, word)
        check(f"Wyoming: {file} with {word}", (got.wake_word_id if got else None) == want,
              f"{got.wake_word_phrase} at {got.timestamp} ms" if got else "nothing is heard")
    heard = hass.states.get("event.home_voice_words")
    check("MQTT event of the word", heard is not None and heard.attributes.get("event_type") == "Alexa",
          heard and {k: heard.attributes.get(k) for k in ("event_type", "model", "score")})
    await call("number", "set_value", "number.home_voice_threshold_okay_nabu", value=1)
    await becomes("Wyoming: threshold 1", "number.home_voice_threshold_okay_nabu", "1")
    check("Wyoming: threshold 1: nothing is heard", await hear("okay_nabu.wav", "okay_nabu") is None)
    await call("number", "set_value", "number.home_voice_threshold_okay_nabu", value=0.5)
    await becomes("Wyoming: threshold 0.5", "number.home_voice_threshold_okay_nabu", "0.5")
    check("Wyoming: threshold 0.5: the word is heard", await hear("okay_nabu.wav", "okay_nabu") is not None)
    await call("switch", "turn_off", "switch.home_voice_detect")
    await becomes("Wyoming: detection off", "switch.home_voice_detect", "off")
    check("Wyoming: detection off: nothing is heard", await hear("okay_nabu.wav", "okay_nabu") is None)
    await call("switch", "turn_on", "switch.home_voice_detect")
    await becomes("Wyoming: detection on", "switch.home_voice_detect", "on")
    check("Wyoming: detection on: the word is heard", await hear("okay_nabu.wav", "okay_nabu") is not None)


async def doods(hass) -> None:
    config = {"image_processing": [{
        "platform": "doods", "url": f"http://127.0.0.1:{PORTS['serve']}", "detector": "coco", "confidence": 40,
        "labels": ["cat", {"name": "dog", "confidence": 30}], "source": [{"entity_id": "camera.home_door_picture", "name": "door"}],
        "scan_interval": 3600,
    }]}
    if not await async_setup_component(hass, "image_processing", config):
        check("DOODS", False, "it cannot be set up")
        return
    await hass.async_block_till_done()
    await hass.services.async_call("image_processing", "scan", {"entity_id": "image_processing.door"}, blocking=True)
    s = hass.states.get("image_processing.door")
    found = s.attributes.get("matches", {}) if s else {}
    check("DOODS: image_processing.door", s is not None and s.state == "1" and list(found) == ["cat"],
          s and ", ".join(f"{label} {m['score']:.0f} %" for label, all in found.items() for m in all))


async def main() -> None:
    say(f"Home Assistant {__version__}, Python {sys.version.split()[0]}")
    version = subprocess.run(["/usr/sbin/mosquitto", "-h"], capture_output=True, text=True).stdout.split("\n")[0]
    say(version)
    show("cat.jpg")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORTS["picture"]), Picture)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    broker = Broker()
    broker.start()
    hass = await start_hass()
    try:
        await mqtt(hass, broker)
    finally:
        await hass.async_stop(force=True)
        broker.stop()
    say("all is well" if not failed else f"{failed} checks failed")


logging.basicConfig(level=logging.INFO, stream=sys.stderr)
asyncio.run(main())
os._exit(1 if failed else 0)  # threads of integrations may go on
