// The learning-rate card of the model form: asks the server for the planned rate as fields change; pins; drawn points.
import { $, $$, debounced } from "./dom.js";
import { figure } from "./words.js";
import { INKS, RatePlot, pinned } from "./rate_plot.js";

/** Start the card within the form; ``usual()`` is the rate that a blank field stands for. */
export function schedulePlan(form, usual) {
  const card = document.getElementById("schedule"), pins = [];
  const element = (name) => form.elements.namedItem(name);
  const baseRate = () => Number(element("learning_rate").value) || usual();
  let now = null, turn = 0;

  const drawn = () => element("schedule").value === "drawn";
  const pointsOf = () => element("drawn_points").value.split(",").map((pair) => pair.split(":").map(Number)).filter((pair) => pair.length === 2 && pair.every(Number.isFinite)).sort((a, b) => a[0] - b[0]);
  const warm = () => (element("warmup").value === "none" ? 0 : Number(element("warmup_percent").value) || 0);

  const plot = new RatePlot(document.getElementById("rate-plan"), {
    onDrag(points) {
      const base = baseRate(), share = warm();
      element("drawn_points").value = points.map(([percent, rate]) => `${Number((share < 100 ? Math.max(0, (percent - share) / (1 - share / 100)) : 0).toFixed(1))}:${Number((rate / base).toPrecision(3))}`).join(", ");
      soon();
    },
    onDrop: () => ask(),
  });

  function paint() {
    const curves = pins.map(({ found, ink }) => ({ ...found, ink, dashed: true }));
    if (now) curves.push({ ...now, ink: INKS[0] });
    const share = warm();
    const handles = drawn() ? pointsOf().map(([percent, factor]) => [share + percent * (1 - share / 100), factor * baseRate()]) : null;
    plot.show(curves, handles, Number(element("epochs").value) || 0);
    card.querySelector("#rate-pins").replaceChildren(...pins.map((pin) => pinned(pin.label, pin.ink, () => { pins.splice(pins.indexOf(pin), 1); paint(); })));
  }

  async function ask() {
    const mine = (turn += 1);
    const answer = await fetch(card.dataset.project, { method: "POST", headers: { Accept: "application/json" }, body: new FormData(form) }).catch(() => null);
    if (mine !== turn || !answer) return;
    const said = await answer.json().catch(() => ({}));
    const good = answer.ok && !said.errors;
    if (good) now = said;
    const wrong = good ? "" : Object.values(said.errors || {}).flat().join(" ") || "The server did not answer.";
    const words = now?.follows_results ? "This schedule follows the results: the plan is what happens if validation keeps improving." : "";
    const hint = drawn() ? "Drag the points; double-click to add one or take one away; arrow keys move the chosen one." : "";
    $("#rate-words").textContent = wrong || words || hint;
    $("#rate-words").classList.toggle("text-danger", Boolean(wrong));
    paint();
  }
  const soon = debounced(ask, 80);

  $("#pin-rate").addEventListener("click", () => {
    if (!now || pins.length >= INKS.length - 1) return;
    const ink = INKS.slice(1).find((colour) => !pins.some((pin) => pin.ink === colour));
    pins.push({ found: now, ink, label: `${now.title}, ${figure(baseRate(), 3)}` });
    paint();
  });
  card.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rate-scale]");
    if (!button) return;
    for (const other of $$("[data-rate-scale]", card)) {
      other.classList.toggle("active", other === button);
      other.setAttribute("aria-pressed", String(other === button));
    }
    plot.scale = button.dataset.rateScale;
    paint();
  });
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  ask();
}
