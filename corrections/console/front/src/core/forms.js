// Small things of forms: data-confirm asks first, data-send-on-change sends a form of choices as soon as one is made.

export function confirmFirst() {
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm || (event.submitter && event.submitter.dataset.confirm);
    if (question && !window.confirm(question)) event.preventDefault();
  });
}

export function sendOnChange() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-send-on-change]");
    if (form) form.requestSubmit();
  });
}
