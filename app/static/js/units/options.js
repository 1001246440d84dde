// Fields made from a JSON schema of options (data/options.py); only what differs from the defaults is sent.
import { make } from "../dom.js";

/** One labelled input; ``read()`` gives its value, undefined where it is the default. */
export function field(name, spec, changed) {
  const choices = spec.enum || spec.const && [spec.const];
  let input, read;
  if (choices) {
    input = make("select", { className: "form-select form-select-sm" }, ...choices.map((value) => make("option", { value, textContent: spec.labels?.[value] || value, selected: value === spec.default })));
    read = () => input.value;
  } else if (spec.type === "boolean") {
    input = make("input", { type: "checkbox", className: "form-check-input", checked: Boolean(spec.default) });
    read = () => input.checked;
  } else {
    const numeric = spec.type === "integer" || spec.type === "number";
    input = make("input", { type: numeric ? "number" : "text", className: "form-control form-control-sm", value: numeric ? Number(Number(spec.default).toPrecision(4)) : spec.default ?? "", step: spec.type === "integer" ? 1 : "any", min: spec.minimum ?? "", max: spec.maximum ?? "" });
    const start = input.value;
    read = () => (input.value === start || input.value === "" ? spec.default : numeric ? Number(input.value) : input.value);
  }
  input.addEventListener("change", changed);
  const label = make("label", { className: "form-label mb-0", title: spec.description || "" }, make("span", { textContent: spec.title || name, className: "d-block small" }), input);
  return { element: label, name, read: () => (read() === spec.default ? undefined : read()) };
}

/** The values that differ from the defaults. */
export const read = (fields) => Object.fromEntries(fields.map((item) => [item.name, item.read()]).filter(([, value]) => value !== undefined));

/** Fields of how synthetic images are made, fetched when they are first opened. */
export function synthesisFields(box, fetchSchema, changed) {
  const details = box.closest("details");
  details.addEventListener("toggle", async () => {
    if (!details.open || box.childElementCount) return;
    const schema = await fetchSchema();
    const fields = Object.entries(schema.properties).map(([name, spec]) => field(name, spec, () => changed(read(fields))));
    box.replaceChildren(...fields.map((item) => item.element));
  });
}
