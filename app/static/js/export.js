// Saving the plots that are in view as pictures.
import { $$, make, toast } from "./dom.js";

function save(content, name) {
  const link = make("a", { href: typeof content === "string" ? content : URL.createObjectURL(content), download: name });
  link.click();
  if (typeof content !== "string") setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The views of Bokeh's figures that are shown, by their names. */
function shown(plots) {
  const found = [];
  for (const [name, figure] of plots.figures) {
    const view = window.Bokeh.index.find_one(figure);
    const box = $$(`[data-name="${name}"]`).find((item) => !item.hidden);
    if (view && box) found.push([name, view]);
  }
  return found;
}

/** Make the export menu work. */
export function exporting(plots) {
  document.addEventListener("click", (event) => {
    const kind = event.target.closest("[data-export]")?.dataset.export;
    if (!kind) return;
    const views = shown(plots);
    if (!views.length) { toast("There is no plot yet.", true); return; }
    for (const [name, view] of views) {
      const layer = view.export(kind, true);
      if (kind === "png") layer.canvas.toBlob((blob) => save(blob, `${name}.png`));
      else save(new Blob([layer.ctx.get_serialized_svg(true)], { type: "image/svg+xml" }), `${name}.svg`);
    }
  });
}
