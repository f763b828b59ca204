// All that the page shows, in one answer of the server: a line of JSON, then so many bytes, and again. What belongs to a
// pipeline is its picture as a JPEG; what does not is the status as JSON.

// Parser takes the bytes as they come and gives each part to onPart(head, bytes).
export class Parser {
  constructor(onPart) {
    this.onPart = onPart;
    this.held = new Uint8Array(1 << 18);
    this.length = 0;
    this.head = null;
  }

  add(chunk) {
    this.hold(chunk);
    let at = 0;
    for (;;) {
      if (!this.head) {
        const end = this.held.subarray(0, this.length).indexOf(10, at);
        if (end < 0) break;
        this.head = JSON.parse(new TextDecoder().decode(this.held.subarray(at, end)));
        at = end + 1;
      }
      if (this.length - at < this.head.bytes) break;
      this.onPart(this.head, this.held.slice(at, at + this.head.bytes));
      at += this.head.bytes;
      this.head = null;
    }
    this.held.copyWithin(0, at, this.length);
    this.length -= at;
  }

  hold(chunk) {
    const need = this.length + chunk.length;
    if (need > this.held.length) {
      const larger = new Uint8Array(2 * need);
      larger.set(this.held.subarray(0, this.length));
      this.held = larger;
    }
    this.held.set(chunk, this.length);
    this.length = need;
  }
}

const STALLED = 4000; // ms without a byte after which a stream is given up; the status comes twice a second

// Live keeps one stream open and opens it again when it is lost: because the server ends it, or falls silent.
// onPart(head, bytes) gets what comes; onLost(words) is called when it is lost and after each try that fails: words are
// the server's own, "" where it says nothing.
export class Live {
  constructor(onPart, onLost) {
    this.onPart = onPart;
    this.onLost = onLost;
    this.address = "";
    this.stopper = null;
  }

  // open changes what is streamed; an empty address closes the stream.
  open(address) {
    if (address === this.address) return;
    this.address = address;
    if (this.stopper) this.stopper.abort();
    this.stopper = null;
    if (address) {
      this.stopper = new AbortController();
      this.run(address, this.stopper.signal);
    }
  }

  async run(address, signal) {
    for (let wait = 250; !signal.aborted; wait = Math.min(2 * wait, 3000)) {
      let words = "";
      try {
        words = await this.stream(address, signal, () => { wait = 250; });
      } catch {
        // The connection is lost, or it was closed here.
      }
      if (signal.aborted) return;
      this.onLost(words);
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  // stream reads one answer to its end. What it returns is why the server gives none.
  async stream(address, signal, onCome) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let stalled = setTimeout(stop, STALLED);
    try {
      const answer = await fetch(address, { signal: attempt.signal, cache: "no-store" });
      if (answer.status === 401) return "The token is no longer valid; open the address that the program printed";
      if (!answer.ok) return (await answer.text()).trim();
      const parser = new Parser((head, bytes) => {
        onCome();
        if (!signal.aborted) this.onPart(head, bytes);
      });
      const reader = answer.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(stalled);
        stalled = setTimeout(stop, STALLED);
        parser.add(part.value);
      }
      return "";
    } finally {
      clearTimeout(stalled);
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
  }
}

// Screen shows JPEGs on a canvas; while one is being decoded, only the newest of those that come is kept.
export class Screen {
  constructor(canvas, onShown) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.onShown = onShown;
    this.next = null;
    this.busy = false;
  }

  async show(bytes) {
    this.next = bytes;
    if (this.busy) return;
    this.busy = true;
    while (this.next) {
      const blob = new Blob([this.next], { type: "image/jpeg" });
      this.next = null;
      try {
        const picture = await createImageBitmap(blob);
        if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
          this.canvas.width = picture.width;
          this.canvas.height = picture.height;
        }
        this.context.drawImage(picture, 0, 0);
        picture.close();
        this.onShown();
      } catch {
        // One picture that cannot be decoded; the next one comes.
      }
    }
    this.busy = false;
  }
}
