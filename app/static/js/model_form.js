// The form of a new model: live check of the network, the source editor, and what blank fields stand for.
import { $, $$, debounced } from "./dom.js";
import { prepare, valueOf } from "./form.js";
import { rateFinder } from "./find_rate.js";
import { schedulePlan } from "./schedule.js";

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
  });
  $("#starting-point").addEventListener("change", async (event) => {
    if (!event.target.value) return;
    const answer = await fetch(form.getAttribute("data-source").replace("NAME", event.target.value));
    const text = await answer.text();
    await openEditor();
    (await edit).set(text);
    event.target.value = "";
    soon();
  });
  $$("#presets a").forEach((link) => link.addEventListener("click", () => { // keeps the dataset that is chosen
    const address = new URL(link.href);
    address.searchParams.set("dataset", valueOf(form, "dataset"));
    link.href = address.href;
  }));
  await openEditor();
  ownValues();
  schedulePlan(form, ownValues);
  rateFinder(form);
  check();
}

/** What a blank learning rate, weight decay and batch size stand for, said in the fields themselves. */
function ownValues() {
  const radio = $$('[name="network"]', form).find((item) => item.checked);
  const usual = JSON.parse(form.getAttribute("data-usual"))[form.elements.optimizer.value] || {};
  const tuned = ["start_from", "weights_file", "pretrained"].some((name) => form.elements[name].value);
  const rate = usual.rate ?? Number(((tuned ? 0.1 : 1) * Number(radio?.dataset.rate || "0.01")).toPrecision(6));
  form.elements.learning_rate.placeholder = rate;
  form.elements.weight_decay.placeholder = usual.decay ?? "";
  form.elements.batch_size.placeholder = radio?.dataset.batch || "64";
  return rate;
}
