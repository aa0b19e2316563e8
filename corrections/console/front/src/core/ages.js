// <time data-ago datetime="…">: how long ago (or in how long), kept true while the page stays open.
import { span } from "./words.js";

export function tellAges() {
  tell();
  setInterval(tell, 20_000);
  document.body.addEventListener("htmx:afterSettle", tell);
}

function tell() {
  for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = span((Date.now() - Date.parse(time.dateTime)) / 1000);
}
