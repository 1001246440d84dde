// Completing a server path as it is typed: a list below the input, reachable by arrow keys.
import { ask, debounced, make } from "./dom.js";

let count = 0;

/** Give an input (data-suggest = where to ask) its list of continuations. */
export function suggest(input) {
  const list = make("ul", { id: `suggest-${(count += 1)}`, role: "listbox", hidden: true });
  input.parentElement.append(list);
  input.setAttribute("aria-controls", list.id);
  let chosen = -1, turn = 0;

  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const mark = (index) => {
    chosen = index;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
    list.children[index]?.scrollIntoView({ block: "nearest" });
    if (list.children[index]) input.setAttribute("aria-activedescendant", list.children[index].id);
  };

  const take = (text) => {
    input.value = text;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
    if (text.endsWith("/")) look();
  };

  const show = (found) => {
    list.replaceChildren(...found.map((entry, index) => {
      const item = make("li", { id: `${list.id}-${index}`, role: "option", textContent: entry.path });
      item.setAttribute("aria-selected", "false");
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(entry.path); });
      return item;
    }));
    list.hidden = !found.length || document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!list.hidden));
    chosen = -1;
  };

  const look = debounced(async () => {
    const mine = (turn += 1);
    const address = new URL(input.dataset.suggest, location.href);
    address.searchParams.set("q", input.value);
    const found = await ask(address).catch(() => []);
    if (mine === turn) show(found);
  }, 120);

  input.addEventListener("input", look);
  input.addEventListener("focus", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const last = list.children.length - 1;
    if (event.key === "ArrowDown") mark(chosen < last ? chosen + 1 : 0);
    else if (event.key === "ArrowUp") mark(chosen > 0 ? chosen - 1 : last);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list.children[chosen].textContent);
    else if (event.key === "Escape") close();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });
}
