// The button that lets an evaluation or an atlas go on, or do more of what was asked of it.
import { post, toast, Refusal } from "../dom.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-go-on]");
  if (!button) return;
  button.disabled = true;
  try {
    toast((await post(button.dataset.goOn, JSON.parse(button.dataset.fields || "{}"))).said);
    button.hidden = true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, true);
    button.disabled = false;
  }
});
