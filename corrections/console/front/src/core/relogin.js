// A log-in that ended while a page was open: log in again over the page, which stays as it is with all that was typed.
import { t } from "./words.js";

let waiting = null;

export function askToLogInAgain() {
  document.addEventListener("session-ended", ask);
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) ask(again(event.detail));
  });
  document.addEventListener("submit", guard, true);
}

/** What sends a form of a part of the page once more; nothing for what only reads. */
function again({ elt, requestConfig }) {
  const cause = requestConfig.triggeringEvent;
  return elt.tagName === "FORM" && requestConfig.verb === "post" ? () => elt.requestSubmit((cause && cause.submitter) || undefined) : undefined;
}

/** Before a form leaves the page: is the log-in still good? Only then is it sent; else it waits until it is. */
function guard(event) {
  const form = event.target;
  if (form.method !== "post" || form.dataset.checked || form.closest("dialog") || !document.body.dataset.live || form.hasAttribute("hx-post")) return;
  if (form.action.endsWith("/console/logout")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  const send = () => {
    form.dataset.checked = "yes";
    submitter ? form.requestSubmit(submitter) : form.requestSubmit();
    delete form.dataset.checked;
  };
  session()
    .then((answer) => (answer.status === 401 ? ask(send) : isStillHers(answer) ? send() : location.reload()))
    .catch(() => {
      const bar = document.getElementById("connection");
      if (!bar) return;
      bar.hidden = false;
      bar.textContent = t("没有连接，未能提交。已填写的内容仍在，请稍后再试。", "There is no connection, nothing was sent. What you typed is still there; try again.");
    });
}

const session = () => fetch("/console/session", { credentials: "same-origin", cache: "no-store" });
const isStillHers = (answer) => answer.headers.get("Officer") === document.body.dataset.officer;

function ask(afterwards) {
  waiting = typeof afterwards === "function" ? afterwards : waiting;
  if (document.getElementById("log-in-again")) return;
  const dialog = document.createElement("dialog");
  dialog.id = "log-in-again";
  dialog.setAttribute("aria-labelledby", "log-in-again-title");
  dialog.innerHTML = `<form method="dialog" class="stack"><h2 id="log-in-again-title"></h2><p></p>
<label for="again-login"></label><input id="again-login" name="login" required autocomplete="username">
<label for="again-password"></label><input id="again-password" name="password" type="password" required autocomplete="current-password">
<p class="late" role="alert"></p><button class="main"></button></form>`;
  const part = (selector) => dialog.querySelector(selector);
  part("h2").textContent = t("登录已失效", "Your log-in has ended");
  part("p").textContent = t("请重新登录。本页内容和已填写的文字都在。", "Log in again. The page and what you typed are still there.");
  part("[for=again-login]").textContent = t("账号", "Login");
  part("[for=again-password]").textContent = t("密码", "Password");
  part("button").textContent = t("登录", "Log in");
  part("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(event.target));
    fetch("/console/login", { method: "POST", body, credentials: "same-origin", redirect: "manual" })
      .then((answer) => (answer.type === "opaqueredirect" || answer.ok ? session() : Promise.reject(answer.status)))
      .then((answer) => (isStillHers(answer) ? done(dialog) : location.reload())) // another officer: the page is made anew, for her
      .catch((status) => {
        part("[role=alert]").textContent =
          status === 401 ? t("账号或密码错误。", "The login or the password is wrong.") : t("没有连接，请稍后再试。", "There is no connection. Try again.");
      });
  });
  document.body.append(dialog);
  dialog.showModal();
}

function done(dialog) {
  dialog.remove();
  document.body.dispatchEvent(new CustomEvent("live"));
  const then = waiting;
  waiting = null;
  if (then) then();
}
