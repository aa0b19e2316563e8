// What somebody typed is not lost: texts are kept in this tab while they are typed, by the form they belong to, and put back when the
// form is shown again empty (after a log-in that had ended, a reload, a dropped connection). They go when the form was sent or on
// logging out.
const PREFIX = "draft:";

export function keepDrafts() {
  document.addEventListener("input", (event) => keep(event.target));
  document.addEventListener("submit", sent);
  document.body.addEventListener("htmx:afterSwap", (event) => restore(event.target));
  if (document.querySelector("[data-forget-drafts]")) forgetAll();
  const done = document.querySelector("[data-done]"); // what was sent was taken
  for (const key of pending()) if (done) forget(key);
  sessionStorage.removeItem(PREFIX + "sent");
  restore(document);
}

/** Whether somebody is typing within this part of the page. */
export const isBeingTyped = (part) => [...part.querySelectorAll("textarea, input[type=text], input:not([type])")].some((f) => f.value && f.value !== f.defaultValue);

function keyOf(form) {
  return PREFIX + (form.dataset.draft || new URL(form.action, location.href).pathname);
}

function keep(field) {
  const form = field.form;
  if (!form || !field.name || !isText(field) || form.method !== "post") return;
  const texts = Object.fromEntries([...form.elements].filter((f) => isText(f) && f.name && f.value && f.value !== f.defaultValue).map((f) => [f.name, f.value]));
  if (Object.keys(texts).length) sessionStorage.setItem(keyOf(form), JSON.stringify(texts));
  else sessionStorage.removeItem(keyOf(form));
}

function restore(part) {
  for (const form of part.querySelectorAll("form[method=post]")) {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(form)) || "{}");
    for (const [name, text] of Object.entries(kept)) {
      const field = form.elements.namedItem(name);
      if (!field || !isText(field) || field.value) continue;
      field.value = text;
      const fold = form.closest("details");
      if (fold) fold.open = true;
    }
  }
}

function sent(event) {
  const form = event.target;
  if (form.action.endsWith("/console/logout")) return forgetAll();
  if (sessionStorage.getItem(keyOf(form))) sessionStorage.setItem(PREFIX + "sent", JSON.stringify([...pending(), keyOf(form)]));
}

const pending = () => JSON.parse(sessionStorage.getItem(PREFIX + "sent") || "[]");
const forget = (key) => sessionStorage.removeItem(key);
const forgetAll = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach(forget);
const isText = (field) => field.tagName === "TEXTAREA" || (field.tagName === "INPUT" && ["text", "search", ""].includes(field.getAttribute("type") || "") );
