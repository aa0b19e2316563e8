// The curve of certainty, read fix by fix: a crosshair by mouse, finger or arrow keys, the same fix in words below, and an event from the
// curve ("fix-chosen", with its place) that the map beside it hears.

export function readCourse() {
  const figure = document.querySelector("figure.course");
  if (!figure || figure.dataset.read) return;
  figure.dataset.read = "yes";
  const svg = figure.querySelector("svg.sketch");
  const fixes = [...figure.querySelectorAll(".course-fixes li")];
  const reading = figure.querySelector("[data-reading]");
  const cross = drawn("path", { class: "cross", d: "" });
  const ring = drawn("circle", { class: "ring", r: "7", visibility: "hidden" });
  const [top, bottom] = ["top", "bottom"].map((name) => svg.dataset[name]);
  svg.append(cross, ring);
  figure.querySelector(".course-reading").hidden = false;

  let chosen = Math.max(fixes.findIndex((fix) => fix.dataset.opening), 0);
  const label = () => {
    svg.setAttribute("aria-valuenow", String(chosen + 1));
    svg.setAttribute("aria-valuetext", fixes[chosen].textContent);
  };
  for (const [name, value] of Object.entries({ role: "slider", tabindex: "0", "aria-valuemin": "1", "aria-valuemax": String(fixes.length) })) svg.setAttribute(name, value);
  label();

  const choose = (index) => {
    chosen = Math.min(Math.max(index, 0), fixes.length - 1);
    const { x, y, lon, lat, accuracy } = fixes[chosen].dataset;
    cross.setAttribute("d", `M${x},${top}V${bottom}`);
    for (const [name, value] of Object.entries({ cx: x, cy: y, visibility: "visible" })) ring.setAttribute(name, value);
    reading.textContent = fixes[chosen].textContent;
    label();
    const place = lon ? [Number(lon), Number(lat), accuracy ? Number(accuracy) : null] : null;
    figure.dispatchEvent(new CustomEvent("fix-chosen", { bubbles: true, detail: { place } }));
  };
  const point = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
    const apart = fixes.map((fix) => Math.abs(Number(fix.dataset.x) - at));
    const nearest = apart.indexOf(Math.min(...apart));
    if (nearest !== chosen || !ring.hasAttribute("cx")) choose(nearest);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("keydown", (event) => {
    const to = { ArrowRight: chosen + 1, ArrowUp: chosen + 1, ArrowLeft: chosen - 1, ArrowDown: chosen - 1, Home: 0, End: fixes.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(ring.hasAttribute("cx") ? to : chosen);
  });
  for (const button of figure.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => choose(ring.hasAttribute("cx") ? chosen + Number(button.dataset.go) : chosen));
  }
}

function drawn(kind, given) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  return made;
}
