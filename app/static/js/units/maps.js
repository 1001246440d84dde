// Attribution maps side by side: a signed map over the grey image, a value under the pointer, and how far to trust it.
import { $, make } from "../dom.js";
import { npy, short } from "./api.js";
import { place, TABLES } from "./colours.js";
import { curves } from "./figures.js";

const box = document.getElementById("maps"), cards = new Map();
let grey = null; // {width, height, values 0..255} of what the network saw

/** Remember the image under the maps. */
export async function under(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight }), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height), values = new Float32Array(canvas.width * canvas.height);
  for (let i = 0; i < values.length; i += 1) values[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  grey = { width: canvas.width, height: canvas.height, values };
}

/** Of all maps the largest limit, where they share a scale. */
const limitOf = (made) => ($("#same-scale").checked ? Math.max(...[...cards.values()].filter((card) => card.made).map((card) => card.made.limit)) : made.limit);

function draw(card) {
  if (!card.made || !grey) return;
  const { shape: [height, width], values } = card.map, mix = Number($("#mix").value), kind = card.made.signed ? "signed" : "growing", colours = TABLES[kind], limit = limitOf(card.made) || 1;
  Object.assign(card.canvas, { width, height });
  const context = card.canvas.getContext("2d"), picture = context.createImageData(width, height);
  for (let i = 0; i < values.length; i += 1) {
    const at = place(values[i], limit, kind), strength = kind === "signed" ? Math.min(1, Math.abs(values[i]) / limit) : Math.min(1, values[i] / limit);
    const opacity = mix >= 1 ? 1 : Math.min(1, mix * (0.25 + 1.5 * strength)), back = 110 + grey.values[i] * 0.5;
    for (let c = 0; c < 3; c += 1) picture.data[4 * i + c] = back * (1 - opacity) + colours[3 * at + c] * opacity;
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}
export const redraw = () => cards.forEach(draw);

function pointed(card, event) {
  if (!card.map) return;
  const area = card.canvas.getBoundingClientRect(), [height, width] = card.map.shape, side = Math.min(area.width / width, area.height / height);
  const column = Math.floor((event.clientX - area.left - (area.width - width * side) / 2) / side), row = Math.floor((event.clientY - area.top - (area.height - height * side) / 2) / side);
  if (row < 0 || column < 0 || row >= height || column >= width) return;
  const said = [...cards.values()].filter((other) => other.map).map((other) => `${other.made.title} ${short(other.map.values[row * width + column])}`);
  $("#pointer").textContent = `row ${row}, column ${column}: ${said.join(" · ")}`;
}

/** Keep only cards of these methods, in their order; those that wait are dimmed. */
export function expect(chosen) {
  for (const [name, card] of cards) if (!chosen.some((item) => item.name === name)) { card.figure.remove(); cards.delete(name); }
  for (const { name, title } of chosen) {
    if (!cards.has(name)) {
      const canvas = make("canvas", { width: 1, height: 1 }), words = make("figcaption", {}, make("b", { textContent: title }), "…");
      const card = { canvas, words, figure: make("figure", {}, canvas, words) };
      canvas.setAttribute("role", "img");
      canvas.addEventListener("pointermove", (event) => pointed(card, event));
      cards.set(name, card);
    }
    const card = cards.get(name);
    card.figure.setAttribute("aria-busy", "true");
    box.append(card.figure);
  }
}

function tags(made) {
  const found = [], whole = made.completeness;
  if (whole) found.push(make("span", { className: `fv-tag ${whole.error <= 0.05 ? "good" : ""}`, textContent: whole.error <= 0.05 ? `adds up to ${(100 * (1 - whole.error)).toFixed(whole.error < 0.001 ? 0 : 1)} %` : `off by ${(100 * whole.error).toFixed(0)} %`, title: `Should be ${short(whole.expected)}; the pixels have ${short(whole.found)}${whole.constants ? `, constants ${short(whole.constants)}` : ""}.` }));
  if (made.insensitive) found.push(make("span", { className: "fv-tag", textContent: "insensitive to weights", title: made.insensitive }));
  return found;
}

/** Show one method's answer; ``examine(name)`` asks how far it can be trusted. */
export function show(made, examine) {
  const card = cards.get(made.name);
  if (!card) return;
  card.figure.removeAttribute("aria-busy");
  if (made.error) {
    Object.assign(card, { made: null, map: null });
    card.canvas.hidden = true;
    card.words.replaceChildren(card.words.firstChild, made.error);
    return;
  }
  card.canvas.hidden = false;
  card.made = made;
  card.map = npy(made.values);
  card.canvas.setAttribute("aria-label", `Map by ${made.title}`);
  const button = make("button", { type: "button", className: "btn btn-sm mt-1", textContent: "How far to trust it?" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = "Examining …";
    const found = await examine(made.name).catch((error) => error.message);
    button.replaceWith(typeof found === "string" ? make("span", { className: "text-danger", textContent: found }) : graded(found));
  });
  const whole = made.completeness, sums = whole ? [`pixels ${short(whole.found)}${whole.constants ? ` + constants ${short(whole.constants)}` : ""} of ${short(whole.expected)}`] : [];
  card.words.replaceChildren(make("b", { textContent: made.title }), ...tags(made), make("span", { className: "d-block", textContent: [...sums, ...made.notes, `up to ±${short(made.limit)}`, `${Math.round(made.seconds * 1000)} ms`].join(" · ") }), button);
  draw(card);
}

function graded({ curves: found, random_weights: random }) {
  const say = (gain, better) => (gain > 0 ? `better than chance (by ${short(gain)})` : `no better than chance (${short(gain)})${better}`);
  const line = (title, text, part) => make("div", {}, make("span", { textContent: `${title}: ${text}` }), curves(part.values, part.random, `${title} curve; dashed: by chance`));
  const sensitive = make("span", { className: `fv-tag ${random.sensitive ? "good" : ""}`, textContent: random.sensitive ? "notices random weights" : "looks alike with random weights", title: `Rank correlation with the map of a network whose last two layers are random: ${short(random.last_two)}; all layers: ${short(random.all)}.` });
  return make("div", { className: "mt-1" }, sensitive, line("Covering what it marks", say(found.deletion_gain, ""), found.deletion), line("Showing only what it marks", say(found.insertion_gain, ""), found.insertion));
}
