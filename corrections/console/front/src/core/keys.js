// The keyboard. A page names its keys in the markup: data-key="c" on a link, button, field or summary is pressed, focused or opened by
// that key; two keys in a row ("g q") go from page to page. "?" lists them all. Nothing happens while somebody types.
import { t } from "./words.js";

let first = "";

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event.target)) return event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") return show();
    const pressed = first ? `${first} ${event.key}` : event.key;
    const target = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === pressed && isShown(e));
    first = !target && !first && event.key === "g" ? "g" : "";
    if (!target) return;
    event.preventDefault();
    use(target);
  });
}

const isTyping = (target) => target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
const isShown = (element) => element.offsetParent !== null || element.tagName === "SUMMARY";

function use(target) {
  if (target.tagName === "SUMMARY") {
    target.parentElement.open = true;
    const field = target.parentElement.querySelector("textarea, select, input:not([type=hidden])");
    (field || target).focus();
  } else if (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) {
    target.focus();
    if (target.select) target.select();
  } else if (["A", "BUTTON"].includes(target.tagName)) {
    target.click();
  } else {
    const field = target.querySelector("input:not([type=hidden]), textarea, select, button, a");
    if (field) field.focus();
  }
}

function show() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", t("键盘快捷键", "Keyboard"));
  const heading = document.createElement("h2");
  heading.textContent = t("键盘快捷键", "Keyboard");
  const list = document.createElement("dl");
  list.className = "keys";
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    if (!isShown(element) || seen.has(element.dataset.key)) continue;
    seen.add(element.dataset.key);
    const key = document.createElement("dt");
    const what = document.createElement("dd");
    key.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key }));
    what.textContent = element.dataset.keyName || element.getAttribute("aria-label") || element.textContent.trim();
    list.append(key, what);
  }
  const close = Object.assign(document.createElement("button"), { textContent: t("关闭", "Close"), type: "button" });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(heading, list, close);
  document.body.append(dialog);
  dialog.showModal();
}
