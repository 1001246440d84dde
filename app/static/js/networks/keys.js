// The keyboard in the drawing: arrows follow the lines, letters do things, "?" says which.
const SIDE = { ArrowLeft: -1, ArrowRight: 1 };

/** The node that an arrow key leads to from `id`, or nothing. Down follows a line, up goes back along one. */
export function neighbour(picture, places, id, key) {
  if (key === "ArrowDown" || key === "ArrowUp") {
    const down = key === "ArrowDown", links = picture.links.filter((link) => (down ? link.source : link.target) === id);
    const ends = links.map((link) => (down ? link.target : link.source));
    if (ends.length) return closest(places, id, ends);
    const node = picture.nodes.find((item) => item.id === id); // an open block has no lines of its own: go inside, or out
    const inside = picture.nodes.filter((item) => item.parent === id);
    if (node?.open && inside.length) return (down ? inside[0] : inside.at(-1)).id;
    return undefined;
  }
  if (!SIDE[key]) return { Home: picture.nodes[0]?.id, End: picture.nodes.at(-1)?.id }[key];
  const here = places.nodes.get(id), middle = (place) => place.y + place.height / 2;
  const aside = picture.nodes.filter((node) => {
    const place = places.nodes.get(node.id), distance = (place.x - here.x) * SIDE[key];
    return !node.open && distance > 1 && Math.abs(middle(place) - middle(here)) < 160;
  });
  return closest(places, id, aside.map((node) => node.id));
}

function closest(places, id, ids) {
  const here = places.nodes.get(id);
  const far = (other) => { const place = places.nodes.get(other); return place ? Math.hypot(place.x - here.x, place.y - here.y) : Infinity; };
  return ids.slice().sort((a, b) => far(a) - far(b))[0];
}

/** Listen on the drawing. `page` has the drawing, the picture, what is selected, and the things to do by name. */
export function listen(host, page) {
  host.addEventListener("keydown", (event) => {
    const { picture, places } = page.drawing, node = page.node(), id = node?.id ?? document.activeElement?.closest?.(".nw-node")?.dataset.id;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      page.act(key === "y" || event.shiftKey ? "redo" : "undo");
      return;
    }
    if (event.altKey || event.metaKey) return;
    if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
      event.preventDefault();
      const next = id ? neighbour(picture, places, id, event.key) : picture.nodes[0]?.id;
      if (next) { page.select({ node: next }); page.drawing.focus(next); }
      return;
    }
    const done = command(event.key, page, node);
    if (done) event.preventDefault();
  });
}

/** What a key does; true where it did something. */
function command(key, page, node) {
  const plain = { "?": "help", "/": "find", "+": "closer", "=": "closer", "-": "farther", 0: "fit", f: "fold", l: "next-line", t: "train", Escape: "leave", i: "insert" }[key];
  if (plain) { page.act(plain); return true; }
  if (page.mode && key === "Enter" && node) { page.act("take-node", node); return true; }
  if (!node) return false;
  if (key === "Enter" || key === " ") { page.act(node.container || node.run ? "open" : "arguments", node.container || node.run ? node.id : node); return true; }
  if (key === "Delete" || key === "Backspace") { page.act("edit", { kind: "delete", node: node.first }); return true; }
  if (key === "d") { page.act("edit", { kind: "duplicate", node: node.first }); return true; }
  const named = { s: "swap", a: "skip", j: "concatenate", c: "code", e: "arguments", n: "name", x: "fix" }[key];
  if (!named) return false;
  page.act(named, node);
  return true;
}
