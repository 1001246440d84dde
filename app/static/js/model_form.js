// The form of a new model: live check of the network, the source editor, and the planned learning rate.
import { $, $$, debounced } from "./dom.js";
import { prepare, valueOf } from "./form.js";
import { figure } from "./words.js";

const form = document.getElementById("model-form");
if (form) await start();

async function start() {
  prepare(form);
  const custom = document.getElementById("custom");
  let edit;
  const chosen = () => valueOf(form, "network");
  const openEditor = async () => {
    custom.hidden = chosen() !== "custom";
    if (!custom.hidden) edit ||= (await import("./editor.js")).editor($("#f-source"), soon);
  };
  let turn = 0;
  const check = async () => {
    const mine = (turn += 1), place = document.getElementById("check");
    if (chosen() === "custom" && !$("#f-source").value.trim()) { place.replaceChildren(); return; }
    place.setAttribute("aria-busy", "true");
    const answer = await fetch(form.getAttribute("data-check"), { method: "POST", body: new FormData(form) }).catch(() => null);
    if (mine !== turn || !answer) return;
    place.removeAttribute("aria-busy");
    if (answer.ok) place.innerHTML = await answer.text(); // our own page part; values in it are escaped by the server
  };
  const soon = debounced(check, 400);

  form.addEventListener("change", (event) => {
    if (event.target.name === "network") openEditor();
    if (["network", "dataset", "crop_size"].includes(event.target.name)) soon();
    ownValues();
    drawRate();
  });
  form.addEventListener("input", drawRate);
  $("#starting-point").addEventListener("change", async (event) => {
    if (!event.target.value) return;
    const answer = await fetch(form.getAttribute("data-source").replace("NAME", event.target.value));
    const text = await answer.text();
    await openEditor();
    (await edit).set(text);
    event.target.value = "";
    soon();
  });
  await openEditor();
  drawRate();
  check();
}

/** What a blank learning rate and batch size stand for, said in the fields themselves. */
function ownValues() {
  const radio = $$('[name="network"]', form).find((item) => item.checked), sgd = form.elements.optimizer.value === "sgd";
  const rate = sgd ? radio?.dataset.rate || "0.01" : "0.001";
  form.elements.learning_rate.placeholder = rate;
  form.elements.batch_size.placeholder = radio?.dataset.batch || "64";
  return Number(rate);
}

/** The learning rate over the training, as the schedule will have it. */
function drawRate() {
  const svg = document.getElementById("rate-plan");
  const base = Number(form.elements.learning_rate.value || ownValues()), schedule = form.elements.schedule.value;
  const every = Number(form.elements.step_percent.value), gamma = Number(form.elements.step_gamma.value);
  if (!(base > 0) || (schedule === "step" && !(every > 0 && gamma > 0))) { svg.replaceChildren(); return; }
  const rate = (share) => (schedule === "step" ? base * gamma ** Math.floor(share / every) : base);
  const shares = [...Array(201).keys()].map((i) => Math.min(i / 2, 99.99));
  const rates = shares.map(rate), high = Math.max(...rates), low = Math.min(...rates);
  const y = (value) => 12 + (high === low ? 30 : (70 * Math.log(high / value)) / Math.log(high / low));
  const points = rates.map((value, i) => `${(44 + shares[i] * 2.5).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const line = `<polyline points="${points}" fill="none" stroke="var(--fv-fourth)" stroke-width="2"/>`;
  const words = (x, at, text, anchor) => `<text x="${x}" y="${at}" font-size="9" fill="currentColor" opacity=".7" text-anchor="${anchor}">${text}</text>`;
  const marks = high === low ? words(40, y(high) + 3, figure(high, 2), "end") : words(40, y(high) + 3, figure(high, 2), "end") + words(40, y(low) + 3, figure(low, 2), "end");
  svg.innerHTML = line + marks + words(44, 104, "start", "start") + words(294, 104, `${figure(Number(form.elements.epochs.value) || 0, 4)} epochs`, "end");
}
