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
const count = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;
const live = new Live(onPart, onLost);
const early = new Map(); // pictures that came before the status that tells of their pipelines; one may be the last
let lostAt = null; // when the connection was lost; null: it stands

function onPart(head, bytes) {
  if (head.pipeline !== undefined) {
    const tile = tiles.get(head.pipeline);
    if (tile) tile.screen.show(bytes);
    else early.set(head.pipeline, bytes);
    return;
  }
  lostAt = null;
  document.body.classList.remove("lost");
  showStatus(JSON.parse(new TextDecoder().decode(bytes)));
}

// onLost greys the page, which shows what was, and says since when, or what the server says: that it has no room, that the
// token is another one.
function onLost(words) {
  lostAt ??= new Date();
  document.body.classList.add("lost");
  say(words || `Connection lost at ${lostAt.toLocaleTimeString()}. Reconnecting …`, true);
}

// look is what is left out, as the server's addresses have it.
function look() {
  return toggles.filter((b) => !pressed(b)).map((b) => `&${b.dataset.part}=0`).join("");
}

// update opens the page's one stream anew where something else is to be shown now. A page that nobody sees has none:
// browsers open six connections to a server at most, and hidden pages must not use them up.
function update() {
  live.open(document.hidden ? "" : `/live?status=1${pressed(pause) ? "&pictures=0" : ""}${look()}`);
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
    this.still.setAttribute("aria-label", `Save image of ${name}`);
    this.full = find(".full");
    this.full.setAttribute("aria-label", `Full screen: ${name}`);
    this.full.hidden = !document.fullscreenEnabled;
    this.full.addEventListener("click", () => find(".screen").requestFullscreen().catch(() => {}));
    this.parts = Object.fromEntries(["state", "note", "hearing", "meter", "fill", "level", "word", "heard", "numbers", "fps", "inference", "inference-most", "age", "age-most", "device", "counts", "errors", "actions", "events"].map((c) => [c, find("." + c)]));
    this.lines = { inference: { to: find(".inference-line polyline"), values: [] }, age: { to: find(".age-line polyline"), values: [] } };
    this.newest = "";
    this.parts.meter.setAttribute("aria-label", `Level of ${name}`);
    this.parts.events.setAttribute("aria-label", `Latest events of ${name}`);
    main.append(this.root);
  }

  show(p) {
    this.state = p.state;
    const source = p.source || "the source";
    const silent = p.state === "running" && p.silent_s > SILENT;
    const why = p.lost ? `${p.lost}. Retrying …` : "";
    const words = {
      waiting: `waiting for ${source}`,
      ended: p.error ? "failed" : "ended",
      running: silent ? `no data for ${Math.round(p.silent_s)} s` : p.still ? `${p.source}: no motion` : source,
    };
    set(this.parts.state, words[p.state]);
    this.parts.state.classList.toggle("warning", silent || Boolean(p.error));
    if (!p.picture) {
      set(this.cover, p.state === "waiting" ? `Waiting for ${source}${why ? ": " + why : " …"}` : p.error || "No picture");
    }
    const note = p.state === "ended" ? p.error || "Ended" : silent ? `No data for ${Math.round(p.silent_s)} s${why ? ": " + why : ""}` : "";
    set(this.parts.note, note);
    this.parts.note.hidden = !note || !p.picture && !p.sound;
    this.hear(p, p.state === "waiting" ? `Waiting for ${source}${why ? ": " + why : " …"}` : note);
    this.parts.actions.hidden = !p.picture;
    set(this.parts.fps, p.state === "running" ? p.fps.toFixed(1) : "–");
    const fresh = p.state === "running" && !silent;
    this.time("inference", p.inference_ms, fresh);
    this.time("age", p.age_ms, fresh);
    set(this.parts.device, devices(p));
    this.parts.device.classList.toggle("warning", p.models.some((m) => m.wanted));
    const counts = [p.sound ? `${p.sound.seconds.toFixed(0)} s of sound` : count(p.frames, "frame"), p.width ? `${p.width}×${p.height}` : "",
      p.dropped ? `${p.dropped} dropped` : "", p.reopened ? `source reconnected ${p.reopened}×` : "",
      p.held ? `${p.held} without motion, ${Math.round(100 * p.held_share)} %` : ""];
    set(this.parts.counts, counts.filter(Boolean).join(" · "));
    set(this.parts.errors, p.errors ? count(p.errors, "error") : "");
    this.parts.errors.hidden = !p.errors;
    this.list(p.events);
  }

  // hear shows what a pipeline of sound has in the place of a picture: how loud it is, and the last word.
  hear(p, note) {
    this.parts.hearing.hidden = !p.sound;
    this.parts.numbers.hidden = this.canvas.parentElement.hidden = Boolean(p.sound);
    if (!p.sound) return;
    const level = p.state === "running" && p.silent_s <= SILENT ? p.sound.level_dbfs : -120;
    const shown = Math.min(Math.max(level, -60), 0);
    this.parts.fill.style.width = `${((shown + 60) / 60) * 100}%`;
    this.parts.meter.setAttribute("aria-valuenow", shown.toFixed(0));
    set(this.parts.level, level > -120 ? `${level.toFixed(0)} dBFS` : "silent");
    const word = p.sound.word;
    set(this.parts.word, word ? `“${word.text}” ${Math.round(100 * word.score)}%` : note ? "" : "No word yet");
    set(this.parts.heard, [word ? `heard at ${new Date(word.time).toLocaleTimeString()}` : "", note].filter(Boolean).join(" · "));
  }

  // time shows a duration and adds it to its line.
  time(which, times, fresh) {
    set(this.parts[which], times.p50 || times.now ? times.now.toFixed(times.now < 10 ? 1 : 0) : "–");
    set(this.parts[which + "-most"], times.p95 ? `p50 ${times.p50.toFixed(1)} · p95 ${times.p95.toFixed(1)}` : "");
    const line = this.lines[which];
    if (!fresh) return;
    line.values.push(times.now);
    if (line.values.length > POINTS) line.values.shift();
    const top = Math.max(...line.values, 1);
    line.to.setAttribute("points", line.values.map((v, i) => `${i + POINTS - line.values.length},${(23 - (21 * v) / top).toFixed(1)}`).join(" "));
  }

  list(entries) {
    const newest = entries.length ? entries[0].id + entries[0].time : "";
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
      if (early.has(p.name)) tile.screen.show(early.get(p.name));
      early.delete(p.name);
    }
    tile.show(p);
  }
  for (const [name, tile] of tiles) {
    if (status.pipelines.some((p) => p.name === name)) continue;
    tile.root.remove(); // the server was started anew, with others
    tiles.delete(name);
  }
  for (const button of toggles) button.hidden = !status.pipelines.some((p) => p.parts.includes(button.dataset.part));
  const list = document.getElementById("devices");
  const chips = status.devices.map((d) => d.name + (d.temperature_c === undefined ? "" : ` ${d.temperature_c.toFixed(0)} °C`) + (d.state ? ` (${d.state})` : ""));
  if (list.dataset.words !== chips.join()) {
    list.dataset.words = chips.join();
    list.replaceChildren(...chips.map((w) => Object.assign(document.createElement("li"), { textContent: w })));
  }
  const running = status.pipelines.filter((p) => p.state === "running");
  const silent = running.filter((p) => p.silent_s > SILENT).map((p) => p.name);
  const missing = running.filter((p) => p.models.some((m) => m.wanted)).map((p) => p.name);
  const ended = status.pipelines.length > 0 && status.pipelines.every((p) => p.state === "ended");
  const words = [ended ? "Ended" : pressed(pause) ? "Paused" : "Live"];
  if (silent.length) words.push("no frames from " + silent.join(", "));
  if (missing.length) words.push("not on the Edge TPU: " + missing.join(", "));
  say(words.join("; "), silent.length > 0);
  if (changed) update();
}

// say changes the status line, which screen readers read out, only when the words change.
function say(words, bad) {
  set(connection, words);
  connection.classList.toggle("bad", bad);
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
  if (!lostAt) say(pressed(pause) ? "Paused" : "Live", false);
  update();
});
document.addEventListener("visibilitychange", update);
update();
