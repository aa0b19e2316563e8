// Trying a zone takes a while: how far it is is told while it goes on, and it can be stopped, here and at the service, which judges no more
// once nobody waits. Without scripts the form is sent as any other.
import { t } from "./words.js";

const part = (id) => document.getElementById(id);

export function tryAndTell(form) {
  form.addEventListener("submit", (event) => {
    if (!event.submitter || event.submitter.value !== "try") return;
    event.preventDefault();
    carryOut(form);
  });
}

async function carryOut(form) {
  const gone = new AbortController();
  const began = Date.now();
  const buttons = [...form.querySelectorAll("button[name=do]")].filter((button) => !button.disabled);
  const elapsed = setInterval(() => tell(began), 1000);
  const giveUp = () => gone.abort();
  for (const button of buttons) button.disabled = true;
  for (const id of ["answer", "results"]) part(id).textContent = "";
  part("judged").removeAttribute("value");
  part("judged").removeAttribute("max");
  part("working").hidden = false;
  part("give-up").addEventListener("click", giveUp);
  part("give-up").focus();
  tell(began);
  say(t("正在试行，请稍候。", "It is being tried."));
  let ended = t("连接中断，试行没有完成，请重试。", "The connection was lost and the trial did not end. Try again.");
  try {
    const answer = await fetch("/console/zones/try", { method: "POST", body: new FormData(form), credentials: "same-origin", signal: gone.signal });
    const page = isStream(answer) ? await followed(answer, began) : await answer.text();
    if (page) ended = shown(page);
  } catch (error) {
    if (error.name === "AbortError") ended = t("已停止试行。", "The trial was stopped.");
  } finally {
    clearInterval(elapsed);
    part("give-up").removeEventListener("click", giveUp);
    part("working").hidden = true;
    for (const button of buttons) button.disabled = false;
    say(ended);
    const now = part("tried") || part("answer").querySelector("[role=alert]") || buttons.find((button) => button.value === "try");
    if (now.matches("[role=alert]")) now.tabIndex = -1;
    now.focus();
    now.scrollIntoView({ block: "nearest" });
  }
}

const isStream = (answer) => (answer.headers.get("Content-Type") || "").startsWith("text/event-stream");

/** The page that comes in the end; null where the stream ended without. */
async function followed(answer, began) {
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let waiting = "";
  let page = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return page;
    const events = (waiting + decoder.decode(value, { stream: true })).split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const [, kind, data] = /^event: (\w+)\ndata: (.*)$/.exec(event);
      if (kind === "page") page = JSON.parse(data);
      else progressed(JSON.parse(data), began);
    }
  }
}

function progressed({ judged, of }, began) {
  part("judged").max = Math.max(of, 1);
  part("judged").value = judged;
  tell(began);
}

function tell(began) {
  const seconds = Math.round((Date.now() - began) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const { value, max } = part("judged");
  const far = part("judged").hasAttribute("max") ? t(`已判定 ${value} / ${max} 人，`, `${value} of ${max} subjects judged, `) : "";
  part("how-far").textContent = far + t(`已用 ${clock}`, `${clock} so far`);
}

/** What the page says goes into this one; returns what is said of it. */
function shown(page) {
  const made = new DOMParser().parseFromString(page, "text/html");
  for (const id of ["answer", "results"]) {
    const there = made.getElementById(id);
    part(id).textContent = "";
    if (there) part(id).append(...there.childNodes);
  }
  return part("tried") ? t("试行完成。", "The trial is done.") : "";
}

const say = (text) => (part("trial-said").textContent = text);
