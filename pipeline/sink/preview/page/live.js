// The pictures of all pipelines in one answer of the server: a line of JSON, then so many bytes of JPEG, and again.

// Parser takes the bytes as they come and gives each picture to onPicture(head, bytes).
export class Parser {
  constructor(onPicture) {
    this.onPicture = onPicture;
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
      this.onPicture(this.head, this.held.slice(at, at + this.head.bytes));
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

// Live keeps one stream open and opens it again when it is lost.
export class Live {
  constructor(onPicture) {
    this.onPicture = onPicture;
    this.query = "";
    this.stopper = null;
  }

  // open changes what is streamed; an empty query closes the stream.
  open(query) {
    if (query === this.query) return;
    this.query = query;
    if (this.stopper) this.stopper.abort();
    this.stopper = null;
    if (query) {
      this.stopper = new AbortController();
      this.run(query, this.stopper.signal);
    }
  }

  async run(query, signal) {
    for (let wait = 250; !signal.aborted; wait = Math.min(2 * wait, 5000)) {
      try {
        const answer = await fetch("/live?" + query, { signal, cache: "no-store" });
        if (answer.ok) {
          const parser = new Parser((head, bytes) => {
            wait = 250;
            if (!signal.aborted) this.onPicture(head, bytes);
          });
          const reader = answer.body.getReader();
          for (let part = await reader.read(); !part.done; part = await reader.read()) parser.add(part.value);
        }
      } catch {
        // The connection is lost, or abort was called; the status line tells of the former.
      }
      if (!signal.aborted) await new Promise((done) => setTimeout(done, wait));
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
