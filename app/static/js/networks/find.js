// Finding a layer by its name or kind, also where it is inside a closed block.
import { make } from "../dom.js";

const SHOWN = 40;

/** Make `input` a search over the network. `page.outline()` says how to ask for all of it; `page.bringOut(id)` opens what hides a node. */
export function find(input, list, page) {
  let known = null, asked = "";
  const nodes = async () => {
    const { key, ask } = page.outline();
    if (key !== asked) { asked = key; known = ask(); known.catch(() => { asked = ""; }); }
    return known;
  };
  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); };
  const choose = (id) => { close(); input.value = ""; page.bringOut(id); };
  const show = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) { close(); return; }
    let found;
    try { found = (await nodes()).filter((node) => words.every((word) => `${node.label} ${node.op} ${node.module} ${node.id}`.toLowerCase().includes(word))); }
    catch (error) { list.replaceChildren(make("li", { textContent: error.message })); list.hidden = false; return; }
    const items = found.slice(0, SHOWN).map((node, index) => {
      const item = make("li", { textContent: node.label, role: "option", ariaSelected: index === 0 }, make("small", { textContent: `${node.op} · ${node.module || node.id}` }));
      item.dataset.id = node.id;
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(node.id); });
      return item;
    });
    const rest = found.length > SHOWN ? [make("li", { className: "text-secondary", textContent: `and ${found.length - SHOWN} more` })] : [];
    list.replaceChildren(...(items.length ? [...items, ...rest] : [make("li", { className: "text-secondary", textContent: "No layer is called so." })]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll("[data-id]")], at = options.findIndex((option) => option.ariaSelected === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) {
      event.preventDefault();
      const next = options[(at + step + options.length) % options.length];
      for (const option of options) option.ariaSelected = option === next;
      next.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter" && options.length) { event.preventDefault(); choose(options[Math.max(at, 0)].dataset.id); }
    if (event.key === "Escape") { close(); page.act("leave"); }
  });
}
