// Pictures cut from one sheet: square cells, each picture at the top left of its own, drawn centred in a tile.
import { make } from "./dom.js";

/** The element that shows ``thumb`` [width, height] of the cell at ``column``, ``row``; ``sheet`` has url, cell, columns, rows. */
export function cutOut(sheet, thumb, column, row, tile) {
  const scale = tile / sheet.cell, picture = make("i");
  Object.assign(picture.style, {
    width: `${thumb[0] * scale}px`,
    height: `${thumb[1] * scale}px`,
    backgroundImage: `url("${sheet.url}")`,
    backgroundSize: `${sheet.columns * tile}px ${sheet.rows * tile}px`,
    backgroundPosition: `${-column * tile}px ${-row * tile}px`,
  });
  return picture;
}

/** Wait until the browser has unpacked the sheet, so that tiles do not flash empty. */
export async function unpacked(url) {
  const image = new Image();
  image.src = url;
  await image.decode().catch(() => {});
}

/** The side of a tile in CSS pixels, as the style sheet sets it. */
export const tileSide = (element) => Number.parseFloat(getComputedStyle(element).getPropertyValue("--tile"));
