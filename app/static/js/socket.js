// One Socket.IO connection a page; rooms are joined again after a break with what the page already has.
import { io } from "../vendor/socket.io.js";
import { root } from "./dom.js";

const socket = io({ path: `${root}/socket.io`, transports: ["websocket", "polling"], reconnectionDelayMax: 4000 });
const rooms = new Map();
let lostTimer;

/** Watch a room. ``position()`` says what the page has; ``onJoined(answer)`` gets what it missed, now and after a break. */
export function join(room, position, onJoined) {
  rooms.set(room, { position, onJoined });
  if (socket.connected) enter(room);
}

function enter(room) {
  const { position, onJoined } = rooms.get(room);
  socket.emit("join", { room, ...position() }, onJoined);
}

/** Call ``work(message)`` for each message of a kind. */
export const on = (kind, work) => socket.on(kind, work);

socket.on("connect", () => {
  clearTimeout(lostTimer);
  document.getElementById("connection-lost").hidden = true;
  document.documentElement.dataset.live = "yes";
  for (const room of rooms.keys()) enter(room);
});

function lost() {
  document.documentElement.dataset.live = "no";
  clearTimeout(lostTimer); // a blink of a second is not worth a notice
  lostTimer = setTimeout(() => { document.getElementById("connection-lost").hidden = false; }, 1500);
}
socket.on("disconnect", (reason) => {
  if (reason !== "io client disconnect") lost();
  if (reason === "io server disconnect") socket.connect();
});
socket.on("connect_error", lost);
window.addEventListener("pagehide", () => socket.disconnect());
window.addEventListener("pageshow", (event) => event.persisted && socket.connect());
