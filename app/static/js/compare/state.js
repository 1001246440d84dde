// What the comparison shows, as words in its address: the address alone restores all of it.
const SHORT = 3500; // characters that every server and proxy takes in an address; more go behind "#", which is not sent
const LISTS = ["runs", "pin", "hide"];
const TEXTS = { curve: "", x: "step", y: "linear", by: "", q: "", sort: "", group: "", tag: "", dataset: "", text: "" };
const CHOICES = { x: ["step", "epoch", "time"], y: ["linear", "log"] };

/** The state that an address holds; anything it does not name is as on a fresh page. */
export function read(location) {
  const behind = location.hash.slice(1), given = new URLSearchParams(behind.includes("=") ? behind : location.search);
  const state = { smooth: number(given.get("smooth"), 0, 0.99) ?? 0, clip: given.get("clip") === "1", mean: given.get("mean") === "1", colours: {} };
  for (const name of LISTS) state[name] = [...new Set((given.get(name) || "").split(",").filter(Boolean))];
  for (const [name, usual] of Object.entries(TEXTS)) {
    const value = given.get(name) ?? usual;
    state[name] = CHOICES[name] && !CHOICES[name].includes(value) ? usual : value;
  }
  for (const pair of (given.get("colours") || "").split(",")) {
    const [id, ink] = pair.split(":");
    if (/^[0-9a-f]{6}$/.test(ink || "")) state.colours[id] = `#${ink}`;
  }
  const [first, last] = (given.get("zoom") || "").split("~").map((text) => number(text, 0, 1e15));
  state.zoom = first !== null && last > first ? [first, last] : null;
  return state;
}

function number(text, low, high) {
  const value = text === null || text === undefined || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : null;
}

/** The state as parameters; what is as on a fresh page is left out. */
export function write(state) {
  const words = new URLSearchParams();
  for (const name of LISTS) if (state[name].length) words.set(name, state[name].join(","));
  for (const [name, usual] of Object.entries(TEXTS)) if (state[name] !== usual) words.set(name, state[name]);
  if (state.smooth) words.set("smooth", String(state.smooth));
  for (const name of ["clip", "mean"]) if (state[name]) words.set(name, "1");
  const inks = Object.entries(state.colours).map(([id, ink]) => `${id}:${ink.slice(1)}`);
  if (inks.length) words.set("colours", inks.join(","));
  if (state.zoom) words.set("zoom", state.zoom.map((value) => Number(value.toPrecision(9))).join("~"));
  return words.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%7E", "~");
}

/** Put the state into the address without a new entry in the browser's history. */
export function keep(state) {
  const words = write(state), path = location.pathname;
  history.replaceState(null, "", words ? `${path}${words.length > SHORT ? "#" : "?"}${words}` : path);
}
