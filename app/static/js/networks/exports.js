// The drawing as a file: an SVG that stands by itself (its looks written into it), or a PNG of it.

const TAKEN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "opacity", "display", "stroke-linejoin", "stroke-linecap"];
const MARGIN = 16;

/** A copy of the drawing whose elements carry their looks as attributes. */
function standalone(drawing) {
  const copy = drawing.svg.cloneNode(true);
  const originals = [drawing.svg, ...drawing.svg.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  drawing.svg.classList.remove("nw-far");
  const known = new Map();
  originals.forEach((element, index) => {
    if (!["rect", "path", "text"].includes(element.tagName)) return;
    const key = `${element.closest("g")?.getAttribute("class")} ${element.getAttribute("class")} ${element.tagName}`;
    if (!known.has(key)) {
      const style = getComputedStyle(element);
      known.set(key, TAKEN.map((name) => [name, style.getPropertyValue(name)]));
    }
    for (const [name, value] of known.get(key)) copies[index].setAttribute(name, value);
  });
  const { width, height } = drawing.places;
  copy.querySelector("g").setAttribute("transform", `translate(${MARGIN} ${MARGIN})`);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", Math.ceil(width + 2 * MARGIN));
  copy.setAttribute("height", Math.ceil(height + 2 * MARGIN));
  copy.setAttribute("viewBox", `0 0 ${Math.ceil(width + 2 * MARGIN)} ${Math.ceil(height + 2 * MARGIN)}`);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: getComputedStyle(drawing.host).backgroundColor })) ground.setAttribute(name, value);
  copy.prepend(ground);
  for (const element of copy.querySelectorAll("[tabindex],[role]")) { element.removeAttribute("tabindex"); element.removeAttribute("role"); }
  for (const wide of copy.querySelectorAll(".nw-wide")) wide.remove();
  return copy;
}

const asText = (svg) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}`;

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const saveSvg = (drawing, name) => save(new Blob([asText(standalone(drawing))], { type: "image/svg+xml" }), `${name}.svg`);

/** A PNG with two pixels for each of the drawing, fewer where it would be too large for a browser. */
export async function savePng(drawing, name) {
  const svg = standalone(drawing), width = Number(svg.getAttribute("width")), height = Number(svg.getAttribute("height"));
  const scale = Math.min(2, 16000 / width, 16000 / height, Math.sqrt(100e6 / (width * height)));
  const image = new Image(), address = URL.createObjectURL(new Blob([asText(svg)], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The drawing is too large for a picture; save it as SVG.");
  save(blob, `${name}.png`);
}

