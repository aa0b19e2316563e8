// What happens elsewhere shows here: one stream of events while the page is in sight. A page's parts ask for themselves again with
// hx-trigger="live from:body" (something within reach changed) or "live-<kind> from:body" (queue, notice, position ...). When the
// connection drops, the page says so, and asks for everything again once it is back.
import { t } from "./words.js";

let stream = null;
let lost = false;

export function keepLive() {
  if (!document.body.dataset.live) return;
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("offline", () => tell(true));
  window.addEventListener("online", () => (close(), open()));
  if (!document.hidden) open(false);
}

function open(again = true) {
  if (stream) return;
  stream = new EventSource(document.body.dataset.live);
  stream.addEventListener("open", () => {
    if (lost || again) happened("all", {});
    again = false;
    tell(false);
  });
  stream.addEventListener("error", () => {
    tell(true);
    if (stream && stream.readyState === EventSource.CLOSED) {
      close(); // refused: the log-in has ended, or the service is starting
      setTimeout(() => document.hidden || open(), 5_000);
    }
  });
  stream.addEventListener("ended", () => {
    close();
    document.dispatchEvent(new CustomEvent("session-ended"));
  });
  stream.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    happened(change.kind, change);
  });
}

function close() {
  if (stream) stream.close();
  stream = null;
}

function happened(kind, detail) {
  document.body.dispatchEvent(new CustomEvent("live", { detail }));
  document.body.dispatchEvent(new CustomEvent(`live-${kind}`, { detail }));
}

function tell(isLost) {
  lost = isLost;
  const bar = document.getElementById("connection");
  if (!bar) return;
  bar.hidden = !isLost;
  bar.textContent = isLost ? t("连接中断，正在重新连接。已填写的内容仍在，恢复后自动更新。", "The connection is lost; trying again. What you typed is kept, and the page catches up by itself.") : "";
}
