"""MLServer's side of `go run ./scripts/compare -serve -mlserver PATH`: a LiteRT model for its Open Inference Protocol.

MLServer 1.7 takes no binary tensors over HTTP: its clients send JSON. Engines of one thread run in threads, as in server.py;
MLServer's own worker processes, to which it would pickle each tensor, are off.
"""

import asyncio
import os
import queue

from ai_edge_litert.interpreter import Interpreter
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class LiteRT(MLModel):
    async def load(self):
        self.engines = queue.Queue()
        for _ in range(int(os.environ["ENGINES"])):
            engine = Interpreter(model_path=self.settings.parameters.uri, num_threads=1)
            engine.allocate_tensors()
            self.engines.put(engine)
        self.takes = engine.get_input_details()[0]["index"]
        self.gives = engine.get_output_details()
        return True

    def run(self, tensor):
        engine = self.engines.get()
        try:
            engine.set_tensor(self.takes, tensor)
            engine.invoke()
            return [NumpyCodec.encode_output(o["name"], engine.get_tensor(o["index"])) for o in self.gives]
        finally:
            self.engines.put(engine)

    async def predict(self, payload):
        tensor = NumpyCodec.decode_input(payload.inputs[0])
        outputs = await asyncio.to_thread(self.run, tensor)
        return InferenceResponse(model_name=self.name, outputs=outputs)
