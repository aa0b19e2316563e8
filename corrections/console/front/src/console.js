// What every page of the console does besides being read.
import htmx from "htmx.org";
import { keepDrafts } from "./core/drafts.js";
import { listenToKeys } from "./core/keys.js";
import { keepLive } from "./core/live.js";
import { askToLogInAgain } from "./core/relogin.js";
import { tellAges } from "./core/ages.js";
import { confirmFirst, sendOnChange } from "./core/forms.js";

// The pages' policy lets in neither styles nor code within a page.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.historyCacheSize = 0; // names are not kept in the browser
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "401", swap: false, error: true },
  { code: "[4]..", swap: true }, // a refusal is a page that says why
  { code: "...", swap: false, error: true },
];

document.documentElement.classList.add("scripted");
keepDrafts();
listenToKeys();
keepLive();
askToLogInAgain();
tellAges();
confirmFirst();
sendOnChange();
