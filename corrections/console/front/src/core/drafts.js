// What somebody typed is not lost: texts are kept in this tab while they are typed, by the form they belong to, and put back when the
// form is shown again empty (after a log-in that had ended, a reload, a dropped connection). They go when what was sent was taken, which
// the page then says with data-done, and on logging out.
const PREFIX = "draft:";
const SENT = "drafts-sent";

export function keepDrafts() {
  document.addEventListener("input", (event) => keep(event.target));
  document.addEventListener("submit", sent);
  document.body.addEventListener("htmx:afterSwap", (event) => settle(event.target));
  settle(document);
}

function settle(part) {
  if (part.querySelector("[data-done]")) pending().forEach((key) => sessionStorage.removeItem(key));
  if (part === document || part.querySelector("[data-done]")) sessionStorage.removeItem(SENT);
  restore(part);
}

/** Whether something typed stands in this part of the page that was not there when it was made. */
export const isBeingTyped = (part) => [...part.querySelectorAll("textarea, input")].some((field) => isText(field) && field.value !== field.defaultValue);

function keyOf(form) {
  return PREFIX + (form.dataset.draft || new URL(form.action, location.href).pathname);
}

function keep(field) {
  const form = field.form;
  if (!form || form.method !== "post" || !field.name || !isText(field) || form.querySelector("[type=password]")) return;
  const typed = [...form.elements].filter((other) => other.name && isText(other) && other.value !== other.defaultValue);
  if (typed.length) sessionStorage.setItem(keyOf(form), JSON.stringify(Object.fromEntries(typed.map(({ name, value }) => [name, value]))));
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
  if (form.action.endsWith("/console/logout")) {
    Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => sessionStorage.removeItem(key));
  } else if (sessionStorage.getItem(keyOf(form))) {
    sessionStorage.setItem(SENT, JSON.stringify([...pending(), keyOf(form)]));
  }
}

const pending = () => JSON.parse(sessionStorage.getItem(SENT) || "[]");
const isText = (field) => field.tagName === "TEXTAREA" || (field.tagName === "INPUT" && ["text", "search"].includes(field.type));
