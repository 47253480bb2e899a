// Adds up what is ticked to pay.
"use strict";

for (const form of document.querySelectorAll("[data-pay]")) {
  const total = form.querySelector("[data-total]");
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: total.dataset.currency });
  form.addEventListener("change", (event) => {
    if (event.target.name !== "chosen") return;
    const cents = [...form.querySelectorAll("[name=chosen]:checked")].reduce((sum, box) => sum + Math.round(100 * box.dataset.amount), 0);
    total.textContent = format.format(cents / 100);
  });
}
