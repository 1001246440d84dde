// Starting weights in the form of a new model: where they come from, what fits, which layers are frozen.
import { $, $$, debounced } from "./dom.js";
import { valueOf } from "./form.js";
import { bytes } from "./words.js";

const form = document.getElementById("model-form"), section = document.getElementById("start");
if (form && section) begin();

const names = (text) => text.split(/[\s,;]+/).filter(Boolean);
const inside = (name, outer) => name === outer || name.startsWith(`${outer}.`);

function begin() {
  const folded = $("details", section), place = document.getElementById("weights"), kind = document.getElementById("start-kind");
  const freeze = form.elements.freeze, factors = form.elements.rate_factors;
  let turn = 0, every = false;

  const look = async () => {
    if (!folded.open) return;
    const mine = (turn += 1);
    place.toggleAttribute("aria-busy", !place.childElementCount);
    const answer = await fetch(section.dataset.table, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (mine !== turn || !answer?.ok) return;
    show(await answer.text());
  };
  const soon = debounced(look, 350);

  /** Put the answer in place, with what was scrolled, opened and focused before. */
  const show = (html) => {
    const scrolled = $$(".fv-tensors", place).map((box) => box.scrollTop), open = $("details", place)?.open;
    const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    place.removeAttribute("aria-busy");
    place.innerHTML = html; // our own page part; values in it are escaped by the server
    if (open && $("details", place)) $("details", place).open = true;
    $$(".fv-tensors", place).forEach((box, index) => { box.scrollTop = scrolled[index] || 0; });
    if ($("[data-every]", place)) $("[data-every]", place).checked = every;
    reveal();
    fillFactors();
    halves();
    offerImagenet();
    drawn.hidden = !rows().length;
    draw();
    if (focused) $$("[aria-label]", place).find((item) => item.getAttribute("aria-label") === focused)?.focus();
  };

  const rows = () => $$("[data-layer]", place);
  const reveal = () => { for (const row of rows()) row.hidden = !every && Number(row.dataset.depth) > 1; };
  /** A layer of which only a part is frozen shows a half-set switch. */
  const halves = () => {
    for (const row of rows()) {
      const box = $('[type="checkbox"]', row), within = rows().filter((other) => other !== row && inside(other.dataset.layer, row.dataset.layer));
      box.indeterminate = !box.checked && within.some((other) => $('[type="checkbox"]', other).checked);
    }
  };

  /** Show at once what was chosen; the server's answer then counts (it knows what patterns mean). */
  const setFrozen = (list) => {
    freeze.value = list.join(", ");
    for (const row of rows()) {
      const frozen = list.some((outer) => inside(row.dataset.layer, outer));
      $('[type="checkbox"]', row).checked = frozen;
      $(".fv-factor", row).disabled = frozen;
    }
    halves();
    soon();
  };
  const changed = (list, name, on) => {
    if (on) return [...list.filter((other) => !inside(other, name)), name];
    const all = rows().map((row) => row.dataset.layer);
    // What is frozen around it is replaced by its other parts, level by level, until only this layer is left out.
    for (let outer = list.find((other) => inside(name, other)); outer && outer !== name; outer = list.find((other) => inside(name, other))) {
      const parts = all.filter((other) => other.startsWith(`${outer}.`) && !other.slice(outer.length + 1).includes("."));
      list = [...list.filter((other) => other !== outer), ...parts];
      if (!parts.length) break;
    }
    return list.filter((other) => !inside(other, name));
  };
  const toggle = (which, on) => setFrozen(which.reduce((list, name) => changed(list, name, on), names(freeze.value)));
  /** Every layer without the classifier, the outermost where it holds no part of it. */
  const allButClassifier = () => rows().filter((row) => !("classifier" in row.dataset)).map((row) => row.dataset.layer)
    .filter((name, _, list) => !list.some((other) => other !== name && inside(name, other)));

  const readFactors = () => new Map(factors.value.split(/[,;\n]+/).map((part) => part.split(/[=:]/).map((text) => text.trim())).filter(([name]) => name));
  const fillFactors = () => { const known = readFactors(); for (const row of rows()) $(".fv-factor", row).value = known.get(row.dataset.layer) || ""; };

  const setFactor = (which, factor) => {
    const known = readFactors();
    for (const name of which) { if (factor) known.set(name, factor); else known.delete(name); }
    factors.value = [...known].map(([name, value]) => `${name} = ${value}`).join(", ");
    fillFactors();
    soon();
  };

  const drawn = document.getElementById("freeze-graph");
  let graph = null;
  const layers = () => rows().map((row) => {
    const factor = $(".fv-factor", row);
    return { name: row.dataset.layer, parameters: Number(row.dataset.parameters), frozen: $('[type="checkbox"]', row).checked, factor: factor.value || factor.placeholder };
  });
  const draw = async () => {
    if (!drawn.open || graph === "coming") return;
    if (!graph) {
      graph = "coming";
      const { FreezeGraph, freezeBox } = await import("./networks/freezing.js");
      const box = freezeBox(drawn.dataset.url);
      drawn.append(box);
      graph = new FreezeGraph(box, form, { layers, freeze: toggle, rate: setFactor });
    }
    if (graph.key === known) graph.dress(); else graph.refresh(known);
  };
  drawn.addEventListener("toggle", draw);

  const offerImagenet = () => {
    const offer = $("[data-imagenet]", place);
    if (offer) offer.hidden = form.elements.mean_subtraction.value === "imagenet";
  };

  place.addEventListener("change", (event) => {
    event.stopPropagation(); // the form's own listeners are about its fields
    const row = event.target.closest("[data-layer]");
    if (event.target.matches("[data-every]")) { every = event.target.checked; reveal(); return; }
    if (!row) return;
    if (event.target.matches(".fv-factor")) setFactor([row.dataset.layer], event.target.value);
    else toggle([row.dataset.layer], event.target.checked);
  });
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-freeze]");
    if (button) setFrozen(button.dataset.freeze ? allButClassifier() : []);
    if (event.target.closest("[data-imagenet-use]")) { form.elements.mean_subtraction.value = "imagenet"; offerImagenet(); form.elements.mean_subtraction.dispatchEvent(new Event("change", { bubbles: true })); }
  });

  /** Fill a field as if it were typed: the form's other listeners (usual rate, estimate) want to know. */
  const set = (name, value) => {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("change", { bubbles: true }));
  };

  const own = document.getElementById("pretrained-own");
  const offerOwn = () => {
    const name = $$('[name="network"]', form).find((item) => item.checked)?.dataset.pretrained || "";
    own.hidden = !name;
    own.textContent = `Use ${name}`;
    own.dataset.name = name;
    if (kind.value === "pretrained" && !form.elements.pretrained.value && name) form.elements.pretrained.value = name;
  };
  own.addEventListener("click", () => set("pretrained", own.dataset.name));

  kind.addEventListener("change", () => {
    for (const box of $$("[data-start]", section)) {
      box.hidden = box.dataset.start !== kind.value;
      for (const input of $$("[name]", box)) { if (box.hidden) input.value = ""; }
    }
    offerOwn();
    set("pretrained", form.elements.pretrained.value);
  });
  kind.closest("div").addEventListener("change", (event) => event.stopPropagation());

  const before = () => ["network", "dataset", "crop_size"].map((name) => valueOf(form, name)).join("\n") + (form.elements.source?.value || "");
  let known = before();
  form.addEventListener("change", (event) => {
    if (event.target.name === "network") offerOwn();
    if (before() !== known || section.contains(event.target)) { known = before(); soon(); }
    if (event.target.name === "mean_subtraction") offerImagenet();
  });
  folded.addEventListener("toggle", (event) => { if (event.target === folded) soon(); });
  sendFile(document.getElementById("weights-upload"), (path) => set("weights_file", path));
  offerOwn();
  look();
}

/** Send a chosen file to the server; ``done`` gets its path there. */
export function sendFile(label, done) {
  const picked = $("input", label), said = label.parentElement.querySelector("[data-said]");
  picked.addEventListener("change", async () => {
    const file = picked.files[0];
    picked.value = "";
    if (!file) return;
    if (file.size > label.dataset.limit * 1e6) {
      said.textContent = `${file.name} has ${bytes(file.size)}; at most ${label.dataset.limit} MB are taken. Copy it to the server and give its path.`;
      return;
    }
    said.textContent = `${file.name}: sending ${bytes(file.size)} …`;
    const sent = new FormData();
    sent.set("file", file);
    const answer = await fetch(label.dataset.upload, { method: "POST", body: sent, headers: { Accept: "application/json" } }).catch(() => null);
    const found = await answer?.json().catch(() => null);
    said.textContent = answer?.ok ? `${file.name} is on the server.` : [found?.detail || "The upload broke off; is the server running?", found?.hint].filter(Boolean).join(" ");
    if (answer?.ok) done(found.path);
  });
}
