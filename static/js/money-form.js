// Ticking invoices writes their sum into the amount, until somebody has typed one.
document.querySelectorAll("[data-money-form]").forEach((form) => {
  const amount = form.elements.amount;
  const first = amount.value;
  const boxes = [...form.querySelectorAll("[data-open]")];
  let typed = amount.classList.contains("is-invalid");
  amount.addEventListener("input", () => { typed = true; });
  boxes.forEach((box) => box.addEventListener("change", () => {
    if (typed) return;
    const cents = boxes.filter((each) => each.checked).reduce((sum, each) => sum + Math.round(Number(each.dataset.open) * 100), 0);
    amount.value = cents ? (cents / 100).toFixed(2).replace(".", first.includes(",") ? "," : ".") : first;
  }));
});
