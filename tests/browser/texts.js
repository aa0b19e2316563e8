// All texts of a page and of its attributes that people read or hear, each with where it stands. Left out is what says that it is in
// another language, and what holds data.
(language) => {
  const DATA = "input, textarea, code, kbd, samp, pre";
  const SAID = ["title", "aria-label", "aria-description", "alt", "placeholder", "label", "data-label", "data-key-name", "data-confirm"];
  const isOther = (element) => {
    const said = element.closest("[lang]");
    return said && said.getAttribute("lang").slice(0, 2) !== language;
  };
  const name = (element) => element.tagName.toLowerCase() + (element.classList.length ? `.${element.classList[0]}` : "");
  const found = [];
  const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName) || isOther(element) || element.closest(DATA)) continue;
    if (text.data.trim()) found.push([name(element), text.data.trim()]);
  }
  for (const attribute of SAID)
    for (const element of document.querySelectorAll(`[${attribute}]`))
      if (!isOther(element) && element.getAttribute(attribute)) found.push([`${name(element)}[${attribute}]`, element.getAttribute(attribute)]);
  for (const option of document.querySelectorAll("datalist option"))
    if (!isOther(option)) found.push(["option", option.value]);
  return found;
};
