import { Live, Screen } from "/live.js";

const POINTS = 120; // of a sparkline: one minute
const SILENT = 3; // seconds without a frame after which it is said
const tiles = new Map();
const main = document.getElementById("pipelines");
const template = document.getElementById("tile");
const connection = document.getElementById("connection");
const pause = document.getElementById("pause");
const toggles = [...document.querySelectorAll("[data-part]")];

const pressed = (button) => button.getAttribute("aria-pressed") === "true";
const live = new Live((head, bytes) => tiles.get(head.pipeline)?.screen.show(bytes));

// look is what is left out, as the server's addresses have it.
function look() {
  return toggles.filter((b) => !pressed(b)).map((b) => `&${b.dataset.part}=0`).join("");
}

// update opens the stream of what is shown now, and none while the page is paused or not visible.
function update() {
  const names = [...tiles.values()].filter((t) => t.state !== "ended").map((t) => "pipeline=" + encodeURIComponent(t.name));
  live.open(pressed(pause) || document.hidden || !names.length ? "" : names.join("&") + look());
  for (const tile of tiles.values()) {
    tile.still.href = `/snapshot.jpg?download=1&pipeline=${encodeURIComponent(tile.name)}${look()}`;
  }
}

class Tile {
  constructor(name) {
    this.name = name;
    this.root = template.content.cloneNode(true).firstElementChild;
    const find = (selector) => this.root.querySelector(selector);
    const title = find("h2");
    title.textContent = name;
    title.id = "pipeline-" + tiles.size;
    this.root.setAttribute("aria-labelledby", title.id);
    this.canvas = find("canvas");
    this.canvas.setAttribute("aria-label", `Live picture of ${name}`);
    this.cover = find(".cover");
    this.screen = new Screen(this.canvas, () => {
      this.cover.hidden = true;
      this.canvas.dataset.shown = String(Number(this.canvas.dataset.shown || 0) + 1);
    });
    this.still = find(".still");
    this.still.setAttribute("aria-label", `Save a still of ${name}`);
    this.full = find(".full");
    this.full.setAttribute("aria-label", `Full screen: ${name}`);
    this.full.hidden = !document.fullscreenEnabled;
    this.full.addEventListener("click", () => find(".screen").requestFullscreen().catch(() => {}));
    this.parts = Object.fromEntries(["state", "fps", "inference", "inference-most", "age", "age-most", "device", "counts", "events"].map((c) => [c, find("." + c)]));
    this.lines = { inference: { to: find(".inference-line polyline"), values: [] }, age: { to: find(".age-line polyline"), values: [] } };
    this.newest = 0;
    this.parts.events.setAttribute("aria-label", `Latest events of ${name}`);
    main.append(this.root);
  }

  show(p) {
    this.state = p.state;
    const silent = p.state === "running" && p.silent_s > SILENT;
    const words = { waiting: "waiting for the first frame", ended: "ended", running: silent ? `no frame for ${Math.round(p.silent_s)} s` : p.still ? `${p.source}: nothing moves` : p.source };
    set(this.parts.state, words[p.state]);
    this.parts.state.classList.toggle("warning", silent);
    if (!p.picture) set(this.cover, p.state === "running" ? "No picture: this pipeline listens" : "No picture yet");
    set(this.parts.fps, p.fps.toFixed(1));
    const fresh = p.state === "running" && !silent;
    this.time("inference", p.inference_ms, fresh);
    this.time("age", p.age_ms, fresh);
    set(this.parts.device, devices(p));
    this.parts.device.classList.toggle("warning", p.models.some((m) => m.degraded));
    const counts = [`${p.frames} frames`, p.width ? `${p.width}×${p.height}` : "", p.dropped ? `${p.dropped} dropped` : "",
      p.errors ? `${p.errors} errors` : "", p.reopened ? `source opened again ${p.reopened}×` : "",
      p.held ? `${p.held} held back, ${Math.round(100 * p.held_share)} %` : ""];
    set(this.parts.counts, counts.filter(Boolean).join(" · "));
    this.list(p.events);
  }

  // time shows a duration and adds it to its line.
  time(which, times, fresh) {
    set(this.parts[which], times.p50 || times.now ? times.now.toFixed(times.now < 10 ? 1 : 0) : "–");
    set(this.parts[which + "-most"], `p50 ${times.p50.toFixed(1)} · p95 ${times.p95.toFixed(1)}`);
    const line = this.lines[which];
    if (!fresh) return;
    line.values.push(times.now);
    if (line.values.length > POINTS) line.values.shift();
    const top = Math.max(...line.values, 1);
    line.to.setAttribute("points", line.values.map((v, i) => `${i + POINTS - line.values.length},${(23 - (21 * v) / top).toFixed(1)}`).join(" "));
  }

  list(entries) {
    const newest = entries.length ? entries[0].id : 0;
    if (newest === this.newest && this.parts.events.children.length) return;
    this.newest = newest;
    const rows = entries.map((e) => {
      const row = document.createElement("li");
      const time = document.createElement("time");
      time.dateTime = e.time;
      time.textContent = new Date(e.time).toLocaleTimeString();
      const text = document.createElement("span");
      text.textContent = (e.model ? e.model + ": " : "") + e.text;
      if (e.warning) text.className = "warning";
      row.append(time, text);
      return row;
    });
    if (!rows.length) {
      const row = document.createElement("li");
      row.className = "empty";
      row.textContent = "Nothing yet";
      rows.push(row);
    }
    this.parts.events.replaceChildren(...rows);
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// devices says what runs each model, and why.
function devices(p) {
  if (!p.models.length) return "";
  return p.models.map((m) => `${m.name} on ${m.device}${m.reason ? ": " + m.reason : ""}`).join("; ");
}

function showStatus(status) {
  let changed = false;
  for (const p of status.pipelines) {
    let tile = tiles.get(p.name);
    if (!tile) {
      tile = new Tile(p.name);
      tiles.set(p.name, tile);
      changed = true;
    }
    changed ||= tile.state !== p.state;
    tile.show(p);
  }
  const list = document.getElementById("devices");
  const chips = status.devices.map((d) => d.name + (d.temperature_c === undefined ? "" : ` ${d.temperature_c.toFixed(0)} °C`) + (d.state ? ` (${d.state})` : ""));
  if (list.dataset.words !== chips.join()) {
    list.dataset.words = chips.join();
    list.replaceChildren(...chips.map((w) => Object.assign(document.createElement("li"), { textContent: w })));
  }
  const running = status.pipelines.filter((p) => p.state === "running");
  const silent = running.filter((p) => p.silent_s > SILENT).map((p) => p.name);
  const degraded = running.filter((p) => p.models.some((m) => m.degraded)).map((p) => p.name);
  const words = [pressed(pause) ? "Paused" : "Live"];
  if (silent.length) words.push("no frames from " + silent.join(", "));
  if (degraded.length) words.push("not on the wanted device: " + degraded.join(", "));
  say(words.join("; "), silent.length > 0);
  if (changed) update();
}

// say changes the status line, which screen readers read out, only when the words change.
function say(words, bad) {
  set(connection, words);
  connection.classList.toggle("bad", bad);
}

function listen() {
  const source = new EventSource("/events");
  source.addEventListener("status", (e) => showStatus(JSON.parse(e.data)));
  source.onerror = async () => {
    say("The connection is lost; trying again …", true);
    if (source.readyState !== EventSource.CLOSED) return; // it tries again itself
    setTimeout(listen, 3000);
    const answer = await fetch("/api/status").catch(() => null);
    if (answer?.status === 401) say("The token is not valid any more: open the address that the program printed", true);
  };
}

for (const button of toggles) {
  const key = "corallite." + button.dataset.part;
  if (localStorage.getItem(key) === "0") button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!pressed(button)));
    localStorage.setItem(key, pressed(button) ? "1" : "0");
    update();
  });
}
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!pressed(pause)));
  say(pressed(pause) ? "Paused" : "Live", false);
  update();
});
document.addEventListener("visibilitychange", update);
listen();
