// A saved network's name, sharing and end.
import { $, confirmed, post, toast } from "../dom.js";

const dialog = document.getElementById("manage"), form = $("form", dialog), end = document.getElementById("manage-delete");
document.getElementById("manage-open")?.addEventListener("click", () => dialog.showModal());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post(form.action, new FormData(form));
    location.reload();
  } catch (error) {
    $("[data-error]", form).textContent = error.message;
  }
});
end?.addEventListener("click", async () => {
  if (!(await confirmed("Delete this network?", "All its versions go. Models that were trained from it keep their source."))) return;
  try {
    await post(end.dataset.url);
    location.assign(end.dataset.next);
  } catch (error) {
    toast(error.message, true);
  }
});
