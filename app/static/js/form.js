// What the forms of datasets and models share: fields that depend on others, path completion, one submission only.
import { $, $$ } from "./dom.js";
import { suggest } from "./suggest.js";

const valueOf = (form, name) => {
  const inputs = $$(`[name="${name}"]`, form);
  return (inputs.find((input) => input.checked) || inputs.find((input) => input.type !== "radio" && input.type !== "checkbox") || inputs[0])?.value;
};

/** Show each field whose condition holds; hidden ones are not sent. */
function showDependent(form) {
  for (const field of $$("[data-show-if]", form)) {
    const shown = Object.entries(JSON.parse(field.dataset.showIf)).every(([name, allowed]) => allowed.includes(valueOf(form, name)));
    field.hidden = !shown;
    for (const input of $$("input, select, textarea", field)) input.disabled = !shown;
  }
  for (const more of $$("details", form)) {
    const inside = $$("[data-field]", more);
    if (inside.length) more.hidden = inside.every((field) => field.hidden);
  }
}

/** A colour picked in the swatch is written into the text beside it, which may also say "noise". */
function pickColour(group) {
  const [text, swatch] = [$("input[name]", group), $('input[type="color"]', group)];
  swatch.addEventListener("input", () => {
    text.value = swatch.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  text.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) swatch.value = text.value; });
}

export function prepare(form) {
  for (const input of $$("[data-suggest]", form)) suggest(input);
  for (const group of $$("[data-fill]", form)) pickColour(group);
  showDependent(form);
  form.addEventListener("change", () => showDependent(form));
  form.addEventListener("submit", () => {
    const button = $('button[type="submit"]', form);
    button.disabled = true;
    button.classList.add("btn-loading");
  });
  window.addEventListener("pageshow", () => {
    const button = $('button[type="submit"]', form);
    button.disabled = false;
    button.classList.remove("btn-loading");
  });
  const first = $(".is-invalid", form);
  if (first) {
    first.closest("details")?.setAttribute("open", "");
    first.focus({ preventScroll: false });
  }
}

export { valueOf };
