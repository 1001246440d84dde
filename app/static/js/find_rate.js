// The learning-rate finder: loss against rate from a short real run; a click on the plot picks the rate.
import { $, make, ask, svg } from "./dom.js";
import { figure } from "./words.js";

const WIDTH = 640, HEIGHT = 200, LEFT = 48, BOTTOM = 24, TOP = 10;
/** The plot of a finder's run; ``pick(rate)`` hears of clicks. */
function plot(found, pick) {
  const low = Math.log(found.rates[0]), high = Math.log(found.rates.at(-1));
  const good = found.smoothed.filter((value) => value !== null), floor = Math.min(...good), top = Math.max(found.smoothed[0], floor * 1.05) * 1.15;
  const x = (rate) => LEFT + ((Math.log(rate) - low) / (high - low || 1)) * (WIDTH - LEFT - 10);
  const y = (loss) => HEIGHT - BOTTOM - ((Math.min(loss, top) - floor * 0.95) / (top - floor * 0.95)) * (HEIGHT - BOTTOM - TOP);
  const line = (values) => values.map((value, i) => (value === null ? "" : `${x(found.rates[i]).toFixed(1)},${y(value).toFixed(1)}`)).join(" ");
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "fv-small fv-found", role: "img", "aria-label": "Loss against learning rate" });
  for (let power = Math.ceil(low / Math.LN10); power <= high / Math.LN10; power += 1) {
    const at = x(10 ** power);
    picture.append(svg("line", { x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM, class: "fv-rate-grid" }), svg("text", { x: at, y: HEIGHT - 8, "text-anchor": "middle" }, figure(10 ** power, 2)));
  }
  for (const value of [floor, found.smoothed[0]]) picture.append(svg("text", { x: LEFT - 6, y: y(value) + 3, "text-anchor": "end" }, figure(value, 3)));
  picture.append(svg("polyline", { points: line(found.losses), fill: "none", stroke: "var(--fv-train)", "stroke-opacity": 0.3 }));
  picture.append(svg("polyline", { points: line(found.smoothed), fill: "none", stroke: "var(--fv-train)", "stroke-width": 2 }));
  const chosen = svg("line", { y1: TOP, y2: HEIGHT - BOTTOM, stroke: "var(--fv-val)", "stroke-width": 2, visibility: "hidden" });
  picture.append(chosen);
  const mark = (rate) => {
    for (const key of ["x1", "x2"]) chosen.setAttribute(key, x(rate));
    chosen.setAttribute("visibility", "visible");
  };
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - 10)));
    const rate = Number(Math.exp(low + share * (high - low)).toPrecision(2));
    mark(rate);
    pick(rate);
  });
  if (found.suggestion) mark(found.suggestion);
  return picture;
}

/** Make the button work. */
export function rateFinder(form) {
  const button = $("#find-rate"), place = $("#found-rate");
  const pick = (rate) => {
    form.elements.learning_rate.value = rate;
    form.elements.learning_rate.dispatchEvent(new Event("input", { bubbles: true }));
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    place.replaceChildren(make("p", { className: "form-hint", textContent: "Training 100 steps with a rising rate …" }));
    try {
      const found = await ask(button.dataset.url, { method: "POST", body: new FormData(form) });
      if (found.errors) throw new Error(Object.values(found.errors).flat().join(" "));
      const use = make("button", { type: "button", className: "btn btn-sm", textContent: found.suggestion ? `Use ${figure(found.suggestion, 2)}` : "" });
      use.addEventListener("click", () => pick(Number(found.suggestion.toPrecision(2))));
      place.replaceChildren(plot(found, pick), make("p", { className: "form-hint mb-2", textContent: `${found.why} Click on the plot to choose another.` }), ...(found.suggestion ? [use] : []));
    } catch (error) {
      place.replaceChildren(make("p", { className: "text-danger small", role: "alert", textContent: error.message }));
    } finally {
      button.disabled = false;
    }
  });
}
