"use strict";
// The phone's own place, asked of the browser: on the map it stays in the phone; at a check-in it is sent once, by the button.

(function () {
  const HOW = { enableHighAccuracy: true, timeout: 30000, maximumAge: 0 };

  function say(box, key, values) {
    let text = box.dataset[key] || "";
    for (const name of Object.keys(values || {})) text = text.replace("{" + name + "}", values[name]);
    box.textContent = text;
    box.hidden = false;
  }

  // Calls found(position) or, with a text of the page, says why there is none.
  function locate(box, found, failed) {
    if (!window.isSecureContext) { say(box, "insecure"); failed(); return; }
    if (!navigator.geolocation) { say(box, "unavailable"); failed(); return; }
    say(box, "wait");
    navigator.geolocation.getCurrentPosition(found, function (error) {
      say(box, { 1: "denied", 2: "unavailable", 3: "timeout" }[error.code] || "unavailable");
      failed();
    }, HOW);
  }

  function circle(kind, x, y, r) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of [["class", kind], ["cx", x], ["cy", y], ["r", r]]) made.setAttribute(name, value);
    return made;
  }

  const map = document.getElementById("map"), where = document.getElementById("where");
  if (map && where) {
    const box = document.getElementById("said"), here = document.getElementById("here"), of = map.dataset;
    where.hidden = false;
    where.addEventListener("click", function () {
      where.disabled = true;
      locate(box, function (position) {
        const at = position.coords, half = of.size / 2;
        const x = half + (at.longitude - of.lon) * of.perLon, y = half - (at.latitude - of.lat) * of.perLat;
        here.replaceChildren(circle("here-around", x, y, at.accuracy * of.perM), circle("here-dot", x, y, 13));
        map.scrollIntoView({ block: "center" });
        say(box, x >= 0 && y >= 0 && x <= of.size && y <= of.size ? "found" : "beyond", { m: Math.round(at.accuracy) });
        where.disabled = false;
      }, function () { where.disabled = false; });
    });
  }

  // Sends once what the browser found; the button comes back where that failed.
  async function send(box, position) {
    const at = position.coords;
    const body = {
      lat: at.latitude, lon: at.longitude, accuracy_m: at.accuracy,
      measured_at: new Date(position.timestamp).toISOString(), sent_at: new Date().toISOString(),
    };
    const headers = { "Content-Type": "application/json", "Accept": "application/json" };
    const answer = await fetch(box.dataset.to, { method: "POST", headers: headers, body: JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told[document.documentElement.lang === "en" ? "detail_en" : "detail_zh"] || "");
    return told;
  }

  const button = document.getElementById("check-in");
  if (button) {
    const box = document.getElementById("said"), done = document.getElementById("done"), ask = document.getElementById("ask");
    button.hidden = false;
    button.addEventListener("click", function () {
      button.disabled = true;
      locate(box, async function (position) {
        const m = { m: Math.round(position.coords.accuracy) };
        say(box, "sending", m);
        try {
          const told = await send(box, position);
          say(document.getElementById("sent"), told.answer === "refused" ? "refused" : "stored", m);
          ask.hidden = true;
          done.hidden = false;
          window.scrollTo(0, 0);
        } catch (error) {
          if (error instanceof TypeError || !error.message) say(box, "network"); else box.textContent = error.message;
          button.disabled = false;
        }
      }, function () { button.disabled = false; });
    });
  }
})();
