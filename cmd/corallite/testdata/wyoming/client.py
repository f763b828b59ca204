"""Asks a Wyoming server as Home Assistant does, with the package wyoming's own client: what there is, then for each
recording a connection of its own, with one name or none. Prints JSON."""

import asyncio
import json
import sys
import wave

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected


async def describe(port):
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event()).to_dict()


async def listen(port, name, path, step):
    found = []
    with wave.open(path, "rb") as sound:
        rate, width, channels = sound.getframerate(), sound.getsampwidth(), sound.getnchannels()
        samples = sound.readframes(sound.getnframes())
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Detect(names=[name] if name else None).event())
        await client.write_event(AudioStart(rate=rate, width=width, channels=channels, timestamp=0).event())
        frame = width * channels
        for at in range(0, len(samples), step * frame):
            chunk = AudioChunk(rate=rate, width=width, channels=channels, audio=samples[at : at + step * frame], timestamp=1000 * at // frame // rate)
            await client.write_event(chunk.event())
        await client.write_event(AudioStop(timestamp=1000 * len(samples) // frame // rate).event())
        await client.write_event(Ping(text="end").event())
        while True:
            event = await client.read_event()
            if event is None:
                raise ConnectionError("the server ended the connection")
            if Detection.is_type(event.type):
                detection = Detection.from_event(event)
                found.append([detection.name, detection.timestamp])
            elif NotDetected.is_type(event.type):
                found.append(["", 0])
            elif Pong.is_type(event.type):
                return found


async def main(port, jobs):
    heard = await asyncio.gather(*(listen(port, *job) for job in jobs))
    print(json.dumps({"info": await describe(port), "heard": heard}))


asyncio.run(main(int(sys.argv[1]), json.loads(sys.argv[2])))
