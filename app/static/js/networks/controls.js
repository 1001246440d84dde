// The smaller controls of the networks page: the images that a network is drawn for, and the grip between source and graph.
import { $, $$ } from "../dom.js";

const NAMES = ["channels", "height", "width", "classes"];

/** The form in which image size and classes are chosen; `values` are those in force, `changed` is called after others were. */
export function images(form, given, changed) {
  const chosen = { values: { ...given } };
  const fields = Object.fromEntries(NAMES.map((name) => [name, $(`[name='${name}']`, form)]));
  const say = () => {
    const { channels, height, width, classes } = chosen.values;
    $("#images-words").textContent = `${channels} × ${height} × ${width}, ${classes} ${classes === 1 ? "class" : "classes"}`;
    for (const name of NAMES) fields[name].value = chosen.values[name];
  };
  const take = () => {
    const wanted = Object.fromEntries(NAMES.map((name) => [name, Math.round(Number(fields[name].value))]));
    if (NAMES.some((name) => !(wanted[name] >= 1 && wanted[name] <= Number(fields[name].max)))) return;
    if (NAMES.every((name) => wanted[name] === chosen.values[name])) return;
    chosen.values = wanted;
    say();
    changed();
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "dataset" && event.target.value) {
      const sizes = JSON.parse(event.target.selectedOptions[0].dataset.images);
      for (const name of NAMES) fields[name].value = sizes[name];
    }
    take();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  say();
  return chosen;
}

/** The grip between the parts: dragged, or moved by arrow keys; its place is kept in this browser. */
export function split(frame, grip) {
  const place = (share) => {
    const kept = Math.min(70, Math.max(15, share));
    frame.style.setProperty("--nw-code", `${kept}%`);
    grip.setAttribute("aria-valuenow", Math.round(kept));
    localStorage.setItem("foveal:networks:split", kept);
  };
  const now = () => Number(grip.getAttribute("aria-valuenow"));
  place(Number(localStorage.getItem("foveal:networks:split")) || now());
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -3, ArrowRight: 3 }[event.key];
    if (step) { event.preventDefault(); place(now() + step); }
  });
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    const move = (moved) => { const box = frame.getBoundingClientRect(); place(((moved.clientX - box.left) / box.width) * 100); };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", move), { once: true });
  });
  return $$(".nw-part", frame);
}
