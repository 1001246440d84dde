// Choosing a network file to draw: path completion, and an upload that goes on to its drawing.
import { $ } from "./dom.js";
import { suggest } from "./suggest.js";
import { sendFile } from "./weights.js";

const form = document.getElementById("file-form");
if (form) begin();

function begin() {
  suggest($("#f-path"));
  sendFile(document.getElementById("file-upload"), (path) => {
    $("#f-path").value = path;
    form.requestSubmit();
  });
}
