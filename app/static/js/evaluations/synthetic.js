// The synthetic picture of a unit beside its real images: made while it is looked at, kept by the server once it is there.
import { ask } from "../dom.js";
import { figure } from "../words.js";

const box = document.getElementById("synthetic"), image = box.querySelector("img"), words = box.querySelector("figcaption");
const { address, checkpoint, layer, unit } = box.dataset;

async function look(have) {
  const body = JSON.stringify({ checkpoint, layer, units: [Number(unit)], have: { [unit]: have } });
  const { units: [found] } = await ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (found.picture) {
    image.src = `data:image/png;base64,${found.picture}`;
    image.hidden = false;
  }
  words.textContent = found.dead ? "No image excites it." : found.steps ? `Excites it by ${figure(found.value)} (${found.steps} steps)` : "Is being made …";
  return found;
}

for (let tries = 0, have = 0; tries < 400; tries += 1) {
  try {
    const found = await look(have);
    have = found.steps || have;
    if (found.done) break;
  } catch (error) {
    words.textContent = error.message;
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, document.hidden ? 3000 : 500));
}
